"""Groups findings by cause: one cause behind forty failures is one entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: Whose hands a layer is in: what the reader of the report can mend comes first.
LAYERS = ("application", "middleware", "framework", "server", "suite")
OURS = ("application", "middleware")

_VERDICTS = ("fail", "error", "warn", "known")


def causes(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The causes behind the findings of some report cases, what to mend first at the top.

    A cause is a verdict, a requirement, a layer and a component (and the deviation, where one is named); for cases
    that ended in an error it is the reason. ``cases`` of an entry are positions in the given sequence, and
    ``expected``, ``observed``, ``message`` and ``fix`` come from its first finding.
    """
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for position, case in enumerate(cases):
        for finding in _findings(case):
            key = tuple(str(finding[name]) for name in ("verdict", "requirement", "layer", "component", "deviation"))
            if not finding["requirement"]:
                key += (str(finding["message"]),)
            entry = groups.get(key)
            if entry is None:
                entry = groups[key] = {**finding, "cases": [], "routes": [], "servers": []}
            _add(entry["cases"], position)
            _add(entry["servers"], case["server"])
            if "route" in case["tags"]:
                _add(entry["routes"], case["tags"]["route"])
    return sorted(groups.values(), key=_urgency)


def _findings(case: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    found = [finding for finding in case["findings"] if finding["verdict"] in _VERDICTS]
    yield from found
    if case["verdict"] == "error" and not any(finding["verdict"] == "error" for finding in found):
        yield {
            **dict.fromkeys(("requirement", "level", "boundary", "expected", "observed"), ""),
            **dict.fromkeys(("component", "deviation", "fix"), ""),
            "binds": "suite",
            "verdict": "error",
            "layer": "suite",
            "message": case["reason"] or "The suite could not judge this case.",
        }


def _add(entries: list[Any], value: Any) -> None:
    if value not in entries[-1:] and value not in entries:
        entries.append(value)


def _urgency(entry: Mapping[str, Any]) -> tuple[int, int, int, str, str]:
    layer = entry["layer"] if entry["layer"] in LAYERS else "suite"
    return (
        _VERDICTS.index(entry["verdict"]),
        LAYERS.index(layer),
        -len(entry["cases"]),
        entry["requirement"],
        entry["component"],
    )
