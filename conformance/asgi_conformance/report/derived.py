"""What a report can tell from its own cases: which close code arrived, and what the run covered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: The parts of ``coverage`` that every report has.
COVERAGE = ("requirements", "transitions", "transition_pairs", "simple_paths", "routes", "close_codes")


def with_arrived(tags: Mapping[str, Any], trace: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The tags of a close-code case with ``arrived``: the code that the other side was told, None for none.

    A client's code arrives in the disconnect event at the innermost boundary, an application's in the first close
    frame that the client reads. Tags that say so themselves, or are of another case, stay as they are.
    """
    if "code" not in tags or "direction" not in tags or "arrived" in tags:
        return dict(tags)
    told: dict[str, Any] = {}
    for seen in trace:
        found = seen["data"]
        if tags["direction"] == "app" and seen["boundary"] == "wire" and seen["kind"] == "received":
            if found.get("opcode") == "close":
                told.setdefault("wire", found.get("code"))
        elif tags["direction"] == "client" and seen["kind"] == "receive":
            event = found.get("event") or {}
            if event.get("type") == "websocket.disconnect":
                told.setdefault(seen["boundary"], event.get("code"))
    order = ("wire",) if tags["direction"] == "app" else ("inner", "outer")
    return {**tags, "arrived": next((told[boundary] for boundary in order if boundary in told), None)}


def coverage(
    given: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    requirements: Mapping[str, Any],
    states: Mapping[str, Any] | None,
    routes: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Every part of `COVERAGE` as total, covered and missing: as given, else counted from the cases that ran."""
    ran = [case for case in cases if case["verdict"] != "skip"]
    everything = {
        "requirements": (
            [name for name, requirement in requirements.items() if not requirement.no_case],
            [finding["requirement"] for case in ran for finding in case["findings"] if finding["verdict"] != "skip"],
        ),
        "transitions": (
            [transition["id"] for transition in (states or {}).get("transitions", ())],
            [name for case in ran for name in case["tags"].get("transitions", ())],
        ),
        "routes": (
            [route["path"] for route in routes] + [c["tags"]["route"] for c in cases if "route" in c["tags"]],
            [case["tags"]["route"] for case in ran if "route" in case["tags"]],
        ),
        "close_codes": (_codes(cases), _codes(ran)),
    }
    parts = {name: _part(*everything.get(name, ((), ()))) for name in COVERAGE}
    return parts | {name: {**_part((), ()), **entry} for name, entry in given.items()}


def _codes(cases: Iterable[Mapping[str, Any]]) -> list[str]:
    tags = (case["tags"] for case in cases)
    return [f"{tag['direction']}:{tag['code']}" for tag in tags if tag.get("code") is not None and "direction" in tag]


def _part(all_of: Iterable[str], covered: Iterable[str]) -> dict[str, Any]:
    names = dict.fromkeys(all_of)
    found = set(covered)
    missing = [name for name in names if name not in found]
    return {"total": len(names), "covered": len(names) - len(missing), "missing": missing}
