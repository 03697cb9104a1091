"""One mutant tried: the cases that it can touch, run against it, and what they say."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from asgi_conformance import cases
from asgi_conformance.harness.process import StartError
from asgi_conformance.model import Case, Result, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import Settings

from .mutant import Mutant

ROOT = Path(__file__).parent.parent
TARGET = "mutations.target:app"
# Seconds: enough for a right target on a busy machine, as a breach is confirmed by a second run.
DEADLINE = 1.0
STARTS = 4
BREACH = (Verdict.FAIL, Verdict.WARN)
# Rows of each case function, at first and where these saw nothing.
FEW, MANY = 2, 12
CLOSELY = 10
# Rows whose values differ from what is usual, which shows most faults.
TELLING = (
    "4001-bye",
    "4100-4001",
    "same-name-twice",
    "second",
    "1008-bye",
    "two",
    "nonascii",
    "object",
    "case-kept",
    "401",
)
# The settings under which a handler that denies is right.
SETTINGS = {"denying": {"/denying": {"denial": 401}}}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant.

    ``by``: the case functions that saw it, each with the layers that they blamed. ``errors``: what could not be judged.
    """

    mutant: str
    layer: str
    section: str
    by: dict[str, list[str]] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """``killed``, ``survived``, or ``wrong layer`` where any case blamed another."""
        if not self.by:
            return "survived"
        blamed = {layer for layers in self.by.values() for layer in layers}
        return "killed" if blamed == {self.layer} else "wrong layer"

    def document(self) -> dict[str, Any]:
        """As it is stored: plain JSON values, and of what could not be judged the number alone."""
        return {
            "mutant": self.mutant,
            "layer": self.layer,
            "section": self.section,
            "verdict": self.verdict,
            "by": self.by,
            "unjudged": len(self.errors),
        }


def rows_of(rows: Sequence[Case], count: int, parts: Iterable[str], closely: int) -> list[Case]:
    """Some rows of one case function: those in whose names some part is, or in a transition's, then telling ones."""
    names = {case.row: " ".join([case.row, *case.tags.get("transitions", ())]) for case in rows}
    meant = [case for case in rows if any(part in names[case.row] for part in parts)]
    step = max(1, len(meant) // closely)
    telling = sorted(rows, key=lambda case: not case.row.startswith(TELLING))
    spread = [*telling[:1], *rows[:: max(1, len(rows) // count)]]
    return list({case.row: case for case in [*meant[::step][:closely], *spread[:count]]}.values())


def chosen(mutant: Mutant, thorough: bool) -> list[Case]:
    """The probe cases that a mutant can touch."""
    by_id: dict[str, list[Case]] = defaultdict(list)
    for case in cases.load():
        if any(fnmatchcase(case.id, glob) for glob in mutant.cases):
            by_id[case.id].append(case)
    count, closely = (MANY, 400) if thorough else (FEW, CLOSELY)
    return [case for rows in by_id.values() for case in rows_of(rows, count, mutant.rows, closely)]


def attempt(mutant: Mutant) -> Outcome:
    """Try a mutant; where nothing sees it, try more rows."""
    section = mutant.cases[0].partition(".")[0].rstrip("*")
    outcome = Outcome(mutant.id, mutant.layer, {"route": "routes"}.get(section, section))
    for thorough in (False, True):
        try:
            results = _started(mutant, thorough)
        except StartError as error:
            return Outcome(*_head(outcome), errors=(f"the target did not start: {error}",))
        except Exception as error:  # a mutant must not end the run of the others
            return Outcome(*_head(outcome), errors=(f"the suite broke: {error!r}",))
        by: dict[str, list[str]] = {}
        for result in results:
            if result.verdict in BREACH:
                by[result.case.id] = sorted({*by.get(result.case.id, ()), str(result.layer)})
        errors = tuple(f"{r.case.full_id}: {r.reason}" for r in results if r.verdict is Verdict.ERROR)
        outcome = Outcome(*_head(outcome), by, errors)
        if by or mutant.layer == "application":
            break
    return outcome


def _started(mutant: Mutant, thorough: bool) -> list[Result]:
    """The results, where the target starts in one of a few attempts: on a busy machine that may take longer."""
    for _ in range(STARTS - 1):
        with suppress(StartError):
            return results_of(mutant, thorough)
    return results_of(mutant, thorough)


def _head(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.mutant, outcome.layer, outcome.section


def settings_of(mutant: Mutant) -> Settings:
    """The settings of a mutant's run: its orders, and what is right of its handler."""
    handler = str(mutant.more.get("handler", "echo"))
    env = {"MUTANT": json.dumps(mutant.orders)}
    return Settings(deadline=DEADLINE, env=env, route=SETTINGS.get(handler, {}))


def results_of(mutant: Mutant, thorough: bool = False) -> list[Result]:
    """Run the cases that a mutant can touch. Raises `StartError`."""
    run = Run(Plan(TARGET, str(ROOT), settings=settings_of(mutant)))
    try:
        run.ready()
        if mutant.layer != "application":
            return run.results(chosen(mutant, thorough))
        found = run.route_cases()
        visits = [case for case in found if any(fnmatchcase(case.id, glob) for glob in mutant.cases)]
        run.visits.expect(visits)
        return run.results(visits)
    finally:
        run.stop()
