"""The comparisons that a replay of one case makes, as lines of source: the rules of what it decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model import Case, Level, Requirement
from ..states_transitions import TRANSITIONS
from .checks import RULES, Check
from .script import Script
from .source import source


def comparisons(case: Case, requirements: Sequence[Requirement], behind_middleware: bool) -> Iterator[str]:
    """The comparisons of a case as lines of source; those that ask the same are one."""
    script, at = Script(case), ', "handler"' if behind_middleware else ""
    asked: dict[tuple[Check, str], list[str]] = {}
    for requirement in requirements:
        rule = RULES.get(requirement.id) if _concerns(requirement.id, case) else None
        for check in rule(script) if rule is not None else ():
            expected, observed, held = (part.replace("{at}", at) for part in check)
            if requirement.level in (Level.SILENT, Level.MAY):
                expected = held = ""
            asked.setdefault(((expected, observed, held), _versions(requirement)), []).append(requirement.id)
    for ids, check in _walk(case):
        asked.setdefault((check, ""), []).extend(ids)
    for ((expected, observed, held), versions), ids in asked.items():
        names = ", ".join(dict.fromkeys(ids))
        if not expected:
            line = f'show("noted", "{names}: " + repr({observed}))'
        else:
            line = f'check("{names}", {expected}, {observed}' + (f", {held})" if held else ")")
        yield from (f"if {versions}:", f"    {line}") if versions else (line,)


def _concerns(id: str, case: Case) -> bool:
    """Whether a requirement is decided here: in a walk its last operation says which of them are."""
    walk = case.tags.get("transitions")
    if not walk:
        return True
    if id.startswith("starlette.state."):
        return False
    return any(id in alternative.outcome.requirement_ids for alternative in TRANSITIONS[walk[-1]].alternatives)


def _versions(requirement: Requirement) -> str:
    spec = 'tuple(map(int, seen["scope"][0]["asgi"].get("spec_version", "2.0").split(".")))'
    bounds = [
        f"{spec} {sign} {tuple(int(part) for part in version.split('.'))}"
        for sign, version in ((">=", requirement.since), ("<=", requirement.until))
        if version
    ]
    return " and ".join(bounds)


def _walk(case: Case) -> Iterator[tuple[list[str], Check]]:
    """Both states after each operation, as long as the server does what the walk is planned with."""
    steps = Script(case).steps("app")
    for step, name in zip(steps, case.tags.get("transitions", ()), strict=False):
        allowed: list[tuple[bool, str]] = []
        ids: dict[str, None] = {}
        for outcome in (alternative.outcome for alternative in TRANSITIONS[name].alternatives):
            raises = (True, False) if outcome.raises == "unspecified" else (outcome.raises is not None,)
            allowed += [(each, outcome.pair_after.title.strip("()")) for each in raises]
            ids.update(dict.fromkeys(id for id in outcome.requirement_ids if id.startswith("starlette.state.")))
        number = step.index + 1
        got = f"(isinstance(result.get({number}), Exception), states.get({number}))"
        ways = source(list(dict.fromkeys(allowed)))
        yield [*(ids or ["starlette.state.unchanged-on-error"]), f"step {number}"], (ways, got, f"{got} in {ways}")
        # What follows another outcome than the planned one stands on something that never was.
        if len({pair for _, pair in allowed}) > 1:
            return
