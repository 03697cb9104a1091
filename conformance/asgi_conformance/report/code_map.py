"""The close-code map: for each code that one side closed with, what arrived at the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .foreign import address
from .verdicts import RANK

_SIDES = (
    ("client", "The client closes", "on the wire", "what the application was told"),
    ("app", "The application closes", "by the application", "what the client read on the wire"),
)
_RANGES = (
    ("1000-1015", 1000, 1015, "RFC 6455 and the IANA registry"),
    ("0-999", 0, 999, "not used"),
    ("1016-2999", 1016, 2999, "reserved"),
    ("3000-3999", 3000, 3999, "registered with IANA"),
    ("4000-4999", 4000, 4999, "private use"),
    ("5000-65535", 5000, 65535, "out of range"),
)
#: More codes than this in one range, and neighbours that behaved the same become one tile.
_TILES = 48


def code_map(cases: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Both directions, each with its ranges of tiles; a direction without cases is left out."""
    seen: dict[str, dict[int, dict[str, Any]]] = {}
    for case in cases:
        tags = case["tags"]
        if "code" not in tags or tags["code"] is None or "direction" not in tags:
            continue
        tile = seen.setdefault(tags["direction"], {}).setdefault(
            int(tags["code"]), {"verdict": "skip", "arrived": set(), "cases": 0}
        )
        tile["verdict"] = max(tile["verdict"], case["verdict"], key=RANK.__getitem__)
        tile["cases"] += 1
        if case["verdict"] != "skip" and "arrived" in tags:
            tile["arrived"].add(tags["arrived"])
    return [
        {
            "direction": side,
            "title": title,
            "out": out,
            "back": back,
            "total": len(seen[side]),
            "ranges": [entry for entry in (_range(seen[side], side, names, *r) for r in _RANGES) if entry["tiles"]],
        }
        for side, title, out, back in _SIDES
        if side in seen
    ]


def _range(
    codes: Mapping[int, Mapping[str, Any]],
    side: str,
    names: Mapping[str, str],
    label: str,
    low: int,
    high: int,
    note: str,
) -> dict[str, Any]:
    tested = sorted(code for code in codes if low <= code <= high)
    # Of the registry every code is shown as soon as one was tested; of the other ranges only what was.
    shown = range(low, high + 1) if tested and low == 1000 else tested
    tiles: list[dict[str, Any]] = []
    joined = len(shown) > _TILES
    for code in shown:
        tile = _tile(code, codes.get(code), side, names)
        last = tiles[-1] if tiles else None
        if (
            joined
            and last
            and code == last["last"] + 1
            and (last["verdict"], last["back"]) == (tile["verdict"], tile["back"])
        ):
            last["last"] = code
            last["label"] = f"{last['code']}-{code}"
            last["cases"] += tile["cases"]
            last["link"] = ""
        else:
            tiles.append(tile)
    return {"label": label, "note": note, "tiles": tiles, "count": len(shown)}


def _tile(code: int, seen: Mapping[str, Any] | None, side: str, names: Mapping[str, str]) -> dict[str, Any]:
    arrived = sorted((str(a) for a in seen["arrived"] if a is not None), key=lambda a: (len(a), a)) if seen else []
    nothing = bool(seen and None in seen["arrived"])
    if not seen:
        back = "not run"
    elif arrived == [str(code)] and not nothing:
        back = "as sent"
    else:
        back = (
            ", ".join(arrived[:3] + (["…"] if len(arrived) > 3 else []) + (["nothing"] if nothing else []))
            or "not seen"
        )
    return {
        "code": code,
        "last": code,
        "label": str(code),
        "name": names.get(str(code), ""),
        "verdict": seen["verdict"] if seen else "",
        "back": back,
        "cases": seen["cases"] if seen else 0,
        "link": f"#cases?code={address(f'{side}:{code}')}" if seen else "",
    }
