"""The sweep as cases: one for each class of code and direction, its result put together from its groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from .. import cases
from ..close_codes import CloseClass
from ..model import Attempt, Case, Finding, Layer, Level, Result, Trace, Verdict, worst
from ..script import registered
from .outcomes import SECTION, Group, codes_of, ranges, script_of, traced

# No more codes than this have a statement of their own, and so a class of their own.
_SINGLE = 16
DIRECTIONS = ("client", "app")
_TITLES = {
    "client": "Each close code of this class that a client sends comes to what the documents say, on both sides.",
    "app": "Each close code of this class that an application uses comes to what the documents say, on both sides.",
}
_RIGHT = (Verdict.PASS, Verdict.NOTE)


@dataclass(frozen=True, slots=True)
class Swept:
    """What the codes of one class came to in one direction, and how long it took, in microseconds."""

    groups: tuple[Group, ...]
    duration_us: int


def sweep_cases() -> list[Case]:
    """The cases that ``--exhaustive`` adds."""
    cases.load()
    return [_case(by, kind) for by in DIRECTIONS for kind in CloseClass]


def _case(by: str, kind: CloseClass) -> Case:
    codes = codes_of(kind)
    # A class of more is a range, whose codes are all alike.
    scripts = dict.fromkeys(script_of(by, code) for code in codes[:_SINGLE])
    requires = dict.fromkeys(id for script in scripts for id in registered()[script].requires)
    tags = {"direction": by, "class": str(kind), "codes": len(codes)}
    return Case(f"{SECTION}.{by}", _TITLES[by], SECTION, tuple(requires), row=str(kind), tags=tags)


def case_for(group: Group) -> Case:
    """The ordinary case of the first code of a group."""
    code = group.codes[0]
    return next(replace(registered()[group.script], rows=((f"{code}-none", code, None),)).cases())


def judged(case: Case, swept: Swept, perform: Callable[[Sequence[Case]], Sequence[Result]], blank: Result) -> Result:
    """The result of a class: each group is decided by an ordinary run of its first code, made by ``perform``.

    ``blank`` is the case's result before anything is known of it (node id, server, how to reproduce it).
    """
    by = str(case.tags["direction"])
    results = perform([case_for(group) for group in swept.groups])
    findings: dict[Finding, None] = {}
    reasons: list[str] = []
    told: list[str] = []
    worst_result: Result | None = None
    verdicts: list[Verdict] = []
    for group, result in zip(swept.groups, results, strict=True):
        verdict, reason = _decided(by, group, result)
        verdicts.append(verdict)
        reasons += [reason] if reason else []
        told.append(f"{len(group.codes)} codes ({ranges(group.codes, 12)}): {group.outcome}")
        findings.update(dict.fromkeys(_named(result.findings, group, len(swept.groups) > 1)))
        if reason and verdict is Verdict.ERROR:
            findings[_own(reason)] = None
        if worst_result is None or worst([worst_result.verdict, verdict]) is not worst_result.verdict:
            worst_result = result
    verdict = worst(verdicts)
    wrong = verdict not in (*_RIGHT, Verdict.SKIP) and worst_result is not None
    trace = worst_result.trace if wrong and worst_result is not None else Trace(())
    reason = "; ".join(dict.fromkeys(reasons)) if verdict in (Verdict.SKIP, Verdict.ERROR) else ""
    return replace(
        blank,
        case=replace(case, tags={**case.tags, "outcomes": told}),
        verdict=verdict,
        layer=worst_result.layer if worst_result is not None and verdict is worst_result.verdict else None,
        attempts=(Attempt(verdict, tuple(findings), trace, swept.duration_us, reason),),
        reason=reason,
    )


def _decided(by: str, group: Group, result: Result) -> tuple[Verdict, str]:
    """The verdict of a group. What was wrong in company only is no evidence, but a fault of ours."""
    if result.verdict not in _RIGHT:
        return result.verdict, result.reason
    codes = ranges(group.codes, 12)
    if not group.outcome.complete:
        return Verdict.ERROR, f"{codes}: {group.outcome}; alone, {group.codes[0]} was right"
    alone = traced(by, group.codes[0], result.trace)
    if alone != (group.outcome.told, group.outcome.wire):
        return Verdict.ERROR, f"{codes}: {group.outcome}; alone, {group.codes[0]} was told {alone[0]}, {alone[1]}"
    return result.verdict, ""


def _named(findings: Iterable[Finding], group: Group, several: bool) -> Iterable[Finding]:
    """What was found of one code, as found of all codes of its group."""
    for finding in findings:
        right = finding.verdict in _RIGHT
        if right and finding.verdict is Verdict.PASS:
            # What held is said once for the class, not once for each code that stands for a group.
            yield finding._replace(expected="", observed="", boundary=finding.boundary)
        elif len(group.codes) > 1 or several:
            yield finding._replace(observed=f"{finding.observed} (code {ranges(group.codes)})")
        else:
            yield finding


def _own(reason: str) -> Finding:
    return Finding(
        "suite", Level.MUST, Layer.SUITE, Verdict.ERROR, Layer.SUITE, "client", "the same in company and alone", reason
    )
