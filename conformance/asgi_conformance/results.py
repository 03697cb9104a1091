"""What becomes of the results of cases: several of one case, their paths, how they travel, what pytest is told."""

from __future__ import annotations

import base64
import pickle
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from .model import Attempt, Case, Finding, Layer, Level, Result, Trace, Verdict, worst

# Of the runs of one case that came to the same, so many are listed; further ones are counted with the last of them.
LISTED = 10
# Runs at once, between which nothing can be merged: as many as in a batch without repetitions.
AT_ONCE = 200


def repeated(
    run: Callable[[Sequence[Case]], Sequence[Result]],
    cases: Sequence[Case],
    times: int,
) -> list[Result]:
    """Run each case so many times, and make one result of those of each case.

    What has been run is merged before more is, so that memory does not grow with the number of times.
    """
    results: list[Result] = []
    while times:
        some = min(times, max(1, AT_ONCE // len(cases)))
        found = run([case for case in cases for _ in range(some)])
        parts = [merged(found[place : place + some]) for place in range(0, len(found), some)]
        results = [merged(pair) for pair in zip(results, parts, strict=True)] if results else parts
        times -= some
    return results


def merged(results: Sequence[Result]) -> Result:
    """One result of several runs of a case: the worst counts; two different verdicts are unstable.

    It may be merged again with what comes later, and does not grow with the number of runs.
    """
    if len(results) == 1:
        return results[0]
    verdict = worst(result.verdict for result in results)
    place = next(place for place, result in enumerate(results) if result.verdict is verdict)
    counts = results[place]
    others = [attempt for at, result in enumerate(results) if at != place for attempt in result.attempts]
    unstable = any(result.unstable or result.verdict is not verdict for result in results)
    attempts = (*_counted([*others, *counts.attempts[:-1]]), *counts.attempts[-1:])
    return replace(counts, attempts=attempts, unstable=unstable)


def _counted(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Attempts that do not count: without their traces, which nothing shows, and many of one kind as a number."""
    kept: list[Attempt] = []
    places: dict[Any, list[int]] = {}
    for attempt in attempts:
        findings = frozenset((f.requirement, f.verdict, f.deviation) for f in attempt.findings)
        alike = places.setdefault((attempt.verdict, attempt.reason, findings), [])
        if len(alike) < LISTED:
            alike.append(len(kept))
            kept.append(replace(attempt, trace=Trace(())))
        else:
            last = kept[alike[-1]]
            kept[alike[-1]] = replace(last, times=last.times + attempt.times)
    return kept


def summarized(result: Result) -> Result:
    """A result without what only a report shows.

    Of its traces stays just what tells how far a walk was taken, of a requirement that held just that it held.
    """
    walked = "transitions" in result.case.tags
    attempts = []
    for a in result.attempts:
        trace = Trace(a.trace.at("app", "op") if walked else ())
        attempts.append(Attempt(a.verdict, _brief(a.findings), trace, a.duration_us, a.reason, a.times))
    return replace(result, attempts=tuple(attempts))


def _brief(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    held = Verdict.PASS
    return tuple(
        dict.fromkeys(_held(f.requirement, f.level, f.binds, f.layer) if f.verdict is held else f for f in findings)
    )


@cache
def _held(requirement: str, level: Level, binds: Layer, layer: Layer) -> Finding:
    """One for all cases in which a requirement held."""
    return Finding(requirement, level, binds, Verdict.PASS, layer, "", "", "")


# Where an environment lies differs from machine to machine, and says nothing of a fault.
_INSTALLED = re.compile(r"/[^\s()'\":]*?/(?:site|dist)-packages/")


def relative(result: Result, folder: str) -> Result:
    """A result whose paths start at a folder (given with its last slash) or at installed packages, where below them."""
    right = not result.unstable and result.verdict in (Verdict.PASS, Verdict.SKIP)
    if right or not any(_names(folder, finding) for attempt in result.attempts for finding in attempt.findings):
        return result
    attempts = (replace(a, findings=tuple(_shortened(f, folder) for f in a.findings)) for a in result.attempts)
    return replace(result, attempts=tuple(attempts))


def packed(value: Any) -> str:
    """A value as text that can travel between the processes of one pytest run."""
    return base64.b64encode(zlib.compress(pickle.dumps(value), 1)).decode("ascii")


def unpacked(text: str) -> Any:
    """What `packed` made into text."""
    return pickle.loads(zlib.decompress(base64.b64decode(text)))


def deviations_of(result: Result) -> str:
    """The known deviations of a result, by name."""
    return ", ".join(dict.fromkeys(f.deviation for f in result.findings if f.deviation))


def properties(result: Result) -> list[tuple[str, str]]:
    """Requirement, level and layer of a result, for JUnit XML: of its breaches where there are some."""
    breached = [f for f in result.findings if f.verdict is result.verdict]
    shown = breached if result.verdict in (Verdict.KNOWN, Verdict.WARN, Verdict.FAIL) and breached else result.findings
    names = dict.fromkeys(f.requirement for f in shown) or dict.fromkeys(result.case.requires)
    levels = {str(f.level) for f in shown}
    level = next((name for name in ("MUST", "SHOULD", "MAY", "SILENT") if name in levels), "")
    layer = str(result.layer or "")
    return [("requirement", " ".join(names)), ("level", level), ("layer", layer), ("verdict", str(result.verdict))]


def _names(folder: str, finding: Finding) -> bool:
    texts = (finding.component, finding.observed, finding.message)
    return any(folder in text or "-packages/" in text for text in texts)


def _shortened(finding: Finding, folder: str) -> Finding:
    names = ("component", "observed", "message", "fix")
    texts: dict[str, Any] = {name: _INSTALLED.sub("", getattr(finding, name).replace(folder, "")) for name in names}
    return finding._replace(**texts)
