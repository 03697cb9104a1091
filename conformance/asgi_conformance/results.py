"""What becomes of the results of cases: several of one case, their paths, how they travel, what pytest is told."""

from __future__ import annotations

import base64
import pickle
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .model import Finding, Result, Trace, Verdict, worst


def merged(results: Sequence[Result]) -> Result:
    """One result of several runs of a case: the worst counts; two different verdicts are unstable."""
    if len(results) == 1:
        return results[0]
    verdict = worst(result.verdict for result in results)
    counts = next(result for result in results if result.verdict is verdict)
    others = [attempt for result in results if result is not counts for attempt in result.attempts]
    unstable = any(result.unstable or result.verdict is not verdict for result in results)
    return replace(counts, attempts=(*others, *counts.attempts), unstable=unstable)


def summarized(result: Result) -> Result:
    """A result without what only a report shows: of its traces just what tells how far a walk was taken."""
    walked = "transitions" in result.case.tags
    attempts = [replace(a, trace=Trace(a.trace.at("app", "op") if walked else ())) for a in result.attempts]
    return replace(result, attempts=tuple(attempts))


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
    return replace(finding, **texts)
