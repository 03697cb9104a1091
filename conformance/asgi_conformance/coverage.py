"""What a run covered, of all that there is: for the report, from the data and the results alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .model import Case, Result, Verdict


def coverage(catalogue: Iterable[Case], results: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """The parts of the report's ``coverage`` that its own cases cannot tell: all close codes, and the walks."""
    judged = [result for result in results if result.verdict is not Verdict.SKIP]
    return {"close_codes": _part(_codes(catalogue), _codes(result.case for result in judged)), **_walks(judged)}


def states() -> dict[str, Any]:
    """The state table as the report shows it: the pairs that can be reached, and the transitions between them."""
    from .states_transitions import TRANSITIONS

    transitions = [
        {
            "id": transition.id,
            "from": _pair(transition.pair),
            "to": _pair(transition.outcome.pair_after),
            "operation": transition.operation,
            "environment": transition.environment,
        }
        for transition in TRANSITIONS.values()
    ]
    pairs = sorted({tuple(t[end]) for t in transitions for end in ("from", "to")})
    return {"pairs": [list(pair) for pair in pairs], "transitions": transitions}


def _pair(pair: Iterable[Any]) -> list[int]:
    return [int(state) for state in pair]


def _codes(cases: Iterable[Case]) -> list[str]:
    tags = [case.tags for case in cases if case.tags.get("code") is not None and "direction" in case.tags]
    return list(dict.fromkeys(f"{tag['direction']}:{tag['code']}" for tag in tags))


def _walks(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    walked = [_walked(result) for result in results if result.case.tags.get("transitions")]
    if not walked:
        return {}
    # Imported here: the pairs and paths of the table are searched for when they are first asked for.
    from . import paths

    walks = [paths.Walk(str(number), walk) for number, walk in enumerate(walked) if walk]
    return {
        name: {"total": part.total, "covered": part.covered, "missing": list(part.missing)}
        for name, part in paths.coverage(walks).items()
    }


def _walked(result: Result) -> tuple[Any, ...]:
    """How far a walk was really taken: up to the first operation that was not observed to end in the planned pair."""
    from .states_transitions import TRANSITIONS

    planned = [TRANSITIONS[name] for name in result.case.tags["transitions"] if name in TRANSITIONS]
    seen = [o.data for o in result.trace.at("app", "op")]
    taken: list[Any] = []
    for transition, operation in zip(planned, seen, strict=False):
        after = (operation.get("client_state"), operation.get("application_state"))
        if after != tuple(int(state) for state in transition.outcome.pair_after):
            break
        taken.append(transition)
    return tuple(taken)


def _part(everything: Sequence[str], covered: Iterable[str]) -> dict[str, Any]:
    found = set(covered)
    missing = [name for name in everything if name not in found]
    return {"total": len(everything), "covered": len(everything) - len(missing), "missing": missing}


def named_deviations(results: Iterable[Result]) -> list[Mapping[str, Any]]:
    """The known deviations that were seen, as the report describes them."""
    from . import deviations

    seen = {finding.deviation for result in results for finding in result.findings if finding.deviation}
    return [
        {
            "id": deviation.id,
            "title": deviation.reason,
            "product": deviation.product,
            "requirement": deviation.requirement,
            "observed": deviation.observed,
            "occurs": deviation.occurs,
            "evidence": deviation.evidence,
            "reference": deviation.reference,
            "url": deviation.reference if deviation.reference.startswith("https://") else "",
        }
        for deviation in deviations.load()
        if deviation.id in seen
    ]
