"""Packs the cases of a report for the page: one index of all, and their details in chunks that inflate quickly."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from .foreign import whole
from .page import case_key

#: Characters of JSON in one chunk: inflated and parsed in a few milliseconds, yet large enough to compress well.
CHUNK = 400_000

_DETAILS = ("node_id", "findings", "reason", "attempts", "reproduce", "complete", "tags")


def embed(report: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The index and the chunks, each deflated (zlib) and base64: letters, digits, ``+/=`` and so never markup."""
    cases = report["cases"]
    several = len(report["servers"]) > 1
    rows: list[list[Any]] = []
    chunks: list[str] = []
    batch: list[str] = []
    size = 0
    for case in cases:
        detail = json.dumps(_detail(case), separators=(",", ":"))
        if batch and size + len(detail) > CHUNK:
            chunks.append(_packed("[" + ",".join(batch) + "]"))
            batch, size = [], 0
        rows.append(_row(case, several, len(chunks), len(batch)))
        batch.append(detail)
        size += len(detail)
    if batch:
        chunks.append(_packed("[" + ",".join(batch) + "]"))
    index = {
        "rows": rows,
        # What no case decides stands in the page itself, and no finding names it.
        "requirements": {name: each for name, each in report["requirements"].items() if not each.get("no_case")},
        "servers": report["servers"],
        "middleware": report["target"]["middleware"],
        "framework": report["target"].get("framework", {}),
        "transitions": _edges(report["states"]),
        "deviations": report["deviations"],
        "causes": [{"name": _cause(cause), "cases": cause["cases"]} for cause in report["causes"]],
    }
    return _packed(json.dumps(index, separators=(",", ":"))), chunks


def _row(case: Mapping[str, Any], several: bool, chunk: int, place: int) -> list[Any]:
    tags = case["tags"]
    cited = dict.fromkeys([*case["requires"], *(f["requirement"] for f in case["findings"] if f["requirement"])])
    return [
        whole(case_key(case, several)),
        whole(case["id"]),
        case["title"],
        whole(case["section"]),
        case["kind"],
        whole(case["server"]),
        case["verdict"],
        case["layer"] or "",
        case["duration_ms"],
        [whole(name) for name in cited],
        whole(str(tags.get("route", ""))),
        whole(f"{tags['direction']}:{tags['code']}") if "code" in tags and "direction" in tags else "",
        tags.get("transitions", []),
        bool(case["unstable"]),
        chunk,
        place,
        list(dict.fromkeys(f"{f['verdict']}/{f['layer']}" for f in case["findings"])),
    ]


def _detail(case: Mapping[str, Any]) -> dict[str, Any]:
    detail = {name: case[name] for name in _DETAILS}
    times = [0, *(o["t_us"] for o in case["trace"])]
    # Times as steps: small numbers, of which many are alike, deflate to less.
    detail["trace"] = [
        [o["t_us"] - before, o["boundary"], o["kind"], o["data"]]
        for before, o in zip(times, case["trace"], strict=False)
    ]
    if case.get("trace_omitted"):
        detail["trace_omitted"] = True
    return detail


def _cause(cause: Mapping[str, Any]) -> str:
    return " in ".join(str(part) for part in (cause["requirement"] or "error", cause["component"]) if part)


def _edges(states: Mapping[str, Any] | None) -> dict[str, str]:
    """For each transition the edge it is drawn on: ``1.0-1.1``."""
    if not states:
        return {}
    return {t["id"]: "-".join(".".join(map(str, t[end])) for end in ("from", "to")) for t in states["transitions"]}


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")
