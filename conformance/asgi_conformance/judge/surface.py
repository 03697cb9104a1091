"""The documented values themselves, as the target's environment has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..model import Case, Layer, Trace
from .claims import Claim, shown


def surface(case: Case, trace: Trace) -> Iterator[Claim]:
    """The claim of one surface case: its script names one value and what it must be."""
    values = next((o.data for o in trace.at("surface", "values")), None)
    if values is None:
        return
    for step in case.steps:
        path, want = step.args["path"], step.args["expect"]
        got = _look(values, path)
        expected, observed = f"{step.args['says']} {shown(want)}", f"{step.args['says']} {shown(got)}"
        for id in step.args.get("decides", case.requires):
            yield Claim(id, got == want, Layer.FRAMEWORK, "surface", expected, observed)


def _look(values: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = values
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return "missing"
        found = found[name]
    return found
