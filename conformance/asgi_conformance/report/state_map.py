"""The state machine as a drawing: pairs (client_state, application_state) on a grid, transitions between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..model import Verdict
from .foreign import address

_RANK = {str(verdict): rank for rank, verdict in enumerate(Verdict)}
NAMES = {0: "CONNECTING", 1: "CONNECTED", 2: "DISCONNECTED", 3: "RESPONSE"}

# RESPONSE stands on top, beside CONNECTING, from where alone it is entered: no line then runs through a box.
_ROWS = (3, 0, 1, 2)
_CELL_W, _CELL_H, _BOX_W, _BOX_H, _LEFT, _TOP = 290, 150, 168, 62, 130, 56


def state_map(states: Mapping[str, Any], cases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Boxes and lines with their places, and the transitions behind each line with what they came to.

    A case that did not pass marks those transitions of its walk that no passing case took; where there is none, the
    last one of its walk.
    """
    verdicts, visits = _judged(list(cases))
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for transition in states["transitions"]:
        ends = tuple(transition["from"]), tuple(transition["to"])
        line = lines.setdefault(ends, {"from": ends[0], "to": ends[1], "transitions": []})
        line["transitions"].append(
            {**transition, "verdict": verdicts.get(transition["id"], ""), "visits": visits.get(transition["id"], 0)}
        )
    pairs = {tuple(pair) for pair in states["pairs"]}
    pairs |= {end for ends in lines for end in ends}
    rows = [row for row in _ROWS if any(pair[1] == row for pair in pairs)]
    for line in lines.values():
        _describe(line)
        _draw(line, rows, lines)
    order = sorted(lines.values(), key=lambda line: (-_RANK.get(line["verdict"], -1), line["from"], line["to"]))
    transitions = [t for line in order for t in line["transitions"]]
    return {
        "boxes": [_box(pair, rows, pairs) for pair in [(c, a) for a in rows for c in range(3)]],
        "lines": order,
        "columns": [{"name": NAMES[c], "x": _LEFT + c * _CELL_W + _BOX_W / 2} for c in range(3)],
        "rows": [{"name": NAMES[a], "y": _TOP + place * _CELL_H + _BOX_H / 2} for place, a in enumerate(rows)],
        "width": _LEFT + 2 * _CELL_W + _BOX_W + 70,
        "height": _TOP + (len(rows) - 1) * _CELL_H + _BOX_H + 40,
        "total": len(transitions),
        "visited": sum(bool(t["visits"]) for t in transitions),
    }


def _judged(cases: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, int]]:
    walks = [(case["verdict"], case["tags"]["transitions"]) for case in cases if case["tags"].get("transitions")]
    clean = {name for verdict, walk in walks if verdict in ("pass", "note") for name in walk}
    verdicts = dict.fromkeys(clean, "pass")
    visits: dict[str, int] = {}
    for verdict, walk in walks:
        if verdict == "skip":
            continue
        for name in dict.fromkeys(walk):
            visits[name] = visits.get(name, 0) + 1
        if verdict not in ("pass", "note"):
            for name in [name for name in walk if name not in clean] or walk[-1:]:
                verdicts[name] = max(verdicts.get(name, verdict), verdict, key=_RANK.__getitem__)
    return verdicts, visits


def _describe(line: dict[str, Any]) -> None:
    found = [t["verdict"] for t in line["transitions"] if t["verdict"]]
    line["verdict"] = max(found, key=_RANK.__getitem__) if found else ""
    line["visited"] = sum(bool(t["visits"]) for t in line["transitions"])
    line["count"] = len(line["transitions"])
    operations = dict.fromkeys(str(t["operation"]) for t in line["transitions"])
    line["operations"] = ", ".join(list(operations)[:6]) + (" …" if len(operations) > 6 else "")
    line["key"] = "-".join(".".join(map(str, line[end])) for end in ("from", "to"))
    line["name"] = f"{_label(line['from'])} to {_label(line['to'])}"
    line["link"] = f"#cases?edge={address(line['key'])}"


def _label(pair: Sequence[int]) -> str:
    return " / ".join(NAMES.get(state, str(state)) for state in pair)


def _box(pair: tuple[int, int], rows: Sequence[int], pairs: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    x, y = _place(pair, rows)
    return {
        "x": x - _BOX_W / 2, "y": y - _BOX_H / 2, "width": _BOX_W, "height": _BOX_H, "cx": x, "cy": y,
        "client": NAMES[pair[0]], "application": NAMES[pair[1]], "reachable": pair in pairs,
        "start": pair == (0, 0), "name": _label(pair),
    }


def _place(pair: Sequence[int], rows: Sequence[int]) -> tuple[float, float]:
    return _LEFT + pair[0] * _CELL_W + _BOX_W / 2, _TOP + rows.index(pair[1]) * _CELL_H + _BOX_H / 2


def _draw(line: dict[str, Any], rows: Sequence[int], lines: Mapping[tuple[Any, ...], Any]) -> None:
    """The path of a line, and where the number of its transitions stands."""
    (x1, y1), (x2, y2) = _place(line["from"], rows), _place(line["to"], rows)
    if line["from"] == line["to"]:
        right, top = x1 + _BOX_W / 2, y1 - _BOX_H / 2
        line["path"] = f"M{right - 34:g} {top:g}C{right - 34:g} {top - 34:g} {right + 34:g} {top - 4:g} {right:g} {top + 20:g}"
        line["x"], line["y"] = right + 2, top - 15
        return
    dx, dy = x2 - x1, y2 - y1
    length = math.hypot(dx, dy)
    steps = max(abs(dx) / _CELL_W, abs(dy) / _CELL_H)
    # A line longer than one cell bows, so that it passes beside the boxes between; so does one of a pair both ways.
    bow = 0.0
    if steps > 1.5:
        bow = 50.0 * steps if not dx else 0.45 * _CELL_H * steps
    elif (line["to"], line["from"]) in lines:
        bow = 22.0
    cx, cy = (x1 + x2) / 2 - dy / length * bow * 2, (y1 + y2) / 2 + dx / length * bow * 2
    sx, sy = _edge(x1, y1, cx, cy)
    ex, ey = _edge(x2, y2, cx, cy)
    line["path"] = f"M{sx:g} {sy:g}Q{cx:.1f} {cy:.1f} {ex:g} {ey:g}"
    line["x"], line["y"] = round((sx + 2 * cx + ex) / 4, 1), round((sy + 2 * cy + ey) / 4, 1)


def _edge(x: float, y: float, toward_x: float, toward_y: float) -> tuple[float, float]:
    """Where a line from the middle of a box toward a point leaves the box."""
    dx, dy = toward_x - x, toward_y - y
    half_w, half_h = _BOX_W / 2 + 3, _BOX_H / 2 + 3
    scale = min(half_w / abs(dx) if dx else math.inf, half_h / abs(dy) if dy else math.inf)
    return round(x + dx * scale, 1), round(y + dy * scale, 1)
