"""Whether two reports of one row show its bug: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .rows import Row, Sign

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: whether it was detected, by what, or why it was not run."""

    row: Row
    detected: bool
    by: str = ""
    why: str = ""


def outcome(row: Row, buggy: Report, good: Report) -> Outcome:
    """The first of the row's signs that stands on its side only."""
    sides = {"buggy": buggy, "good": good}
    for sign in row.found:
        here, there = sides[sign.on], sides["good" if sign.on == "buggy" else "buggy"]
        elsewhere = {key for key, _ in _signs(sign, there)}
        # What could not be judged on the other side proves nothing.
        unjudged = {case["id"] for case in there["cases"] if case.get("verdict") == "error"}
        for key, text in _signs(sign, here):
            if key not in elsewhere and key[0] not in unjudged:
                return Outcome(row, True, text)
    errors = [report["error"]["message"] for report in (buggy, good) if report.get("error")]
    return Outcome(row, False, why=errors[0] if errors else "both sides look the same")


def _signs(sign: Sign, report: Report) -> Iterator[tuple[tuple[str, ...], str]]:
    for case in report["cases"]:
        for finding in case["findings"]:
            if sign.fits(case, finding):
                verdict, requirement, layer = finding["verdict"], finding["requirement"], finding["layer"]
                # A note is there on both sides: what it says is what differs.
                seen = finding["observed"] if verdict == "note" else ""
                text = f"{verdict} {case['id']} {requirement} ({layer}): {finding['observed']}"
                yield (case["id"], requirement, verdict, seen), text
