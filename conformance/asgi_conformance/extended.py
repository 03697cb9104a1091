"""The cases that are many exchanges each: random scripts (``--fuzz``) and all close codes (``--exhaustive``)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .addresses import probe_address
from .dialects import STARLETTE
from .model import Attempt, Case, Finding, Layer, Level, Result, Trace, Verdict, worst
from .options import Options

if TYPE_CHECKING:
    from .fuzz.search import Search
    from .run import Run

FUZZ, EXHAUSTIVE = "fuzz", "exhaustive"
# What a random script decides: all that the cases of these sections do.
_DECIDED = ("close", "frames", "lost", "messages", "middleware", "states", "illegal", "iteration")
_DIFFERENCES = 8
# A script that failed is run again so often at most. One that never fails again is shown, and blames nobody.
AGAIN = 5
# After so many of those the search ends: they are not one chance any more.
DOUBTED = 5
Told = Mapping[str, tuple[Any, str]]


def extended_cases(options: Options) -> list[Case]:
    """The cases that the options ask for; they come after all others."""
    found: list[Case] = []
    if options.fuzz is not None:
        count, seed = options.fuzz
        title = f"{count} random scripts come to what the state table and the documents say (seed {seed})."
        found.append(Case("fuzz.scripts", title, FUZZ, _requires(), tags={"scripts": count, "seed": seed}))
    if options.exhaustive:
        from .sweep.judged import sweep_cases

        found += sweep_cases()
    return found


def is_extended(case: Case) -> bool:
    """Whether a case is many exchanges, and so runs by itself."""
    return case.section in (FUZZ, EXHAUSTIVE)


class Extended:
    """Runs these cases; keeps what one server told for the next to be compared with."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._told: dict[str, Told] = {}
        self.cache: Path | None = None

    def run(self, case: Case, run: Run, failing: Iterable[Verdict]) -> Result:
        """One of these cases under one server. Raises `StartError` where the target does not start again."""
        blank = _blank(case, run)
        why = run.refused or ("TestClient has no wire" if run.plan.server == "testclient" else "")
        if not why and case.section == FUZZ and run.product != STARLETTE:
            why = "the state table that random scripts walk is that of Starlette's WebSocket"
        if why:
            return replace(blank, reason=why)
        if case.section == EXHAUSTIVE:
            return _swept(case, run, blank)
        return self._fuzzed(case, run, blank, [verdict for verdict in failing if verdict is not Verdict.KNOWN])

    def _fuzzed(self, case: Case, run: Run, blank: Result, failing: list[Verdict]) -> Result:
        from .fuzz.search import Terms, search

        assert self._options.fuzz is not None
        assert run.server is not None
        count, seed = self._options.fuzz
        folder = None
        if self.cache is not None:
            name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{run.plan.target}-{run.plan.server_id}")
            folder = self.cache / name
        begun = time.monotonic()
        denial = "websocket.http.response" in run.server.extensions
        terms = Terms(count, seed, case.requires, denial, failing, folder)
        again = f"{blank.reproduce} --fuzz={count}:{seed}"
        # A search looks once; what it finds is run again like any other case, with its control.
        found, doubted = search(terms, run.look), []
        while found.failure is not None and found.shortest is not None:
            ended = _shortest(case, found, *_repeated(run, found.shortest.case, failing), failing, again)
            doubted.append(ended)
            if ended.verdict in failing or len(doubted) == DOUBTED:
                return ended
            found.doubt()
            search(terms, run.look, found)
        duration = int((time.monotonic() - begun) * 1_000_000)
        differences = [
            _note(text)
            for server, told in self._told.items()
            for text in _differences(told, found.seen, server, run.plan.server_id)
        ]
        self._told[run.plan.server_id] = found.seen
        if found.undecided:
            first = found.undecided[0].reason
            differences.append(_note(f"{len(found.undecided)} scripts could not be judged; the first: {first}"))
        if doubted:
            rest = f"{doubted[0].case.title} None of {found.scripts} scripts failed again."
            return replace(doubted[0], case=replace(doubted[0].case, title=rest))
        return _passed(case, blank, found, tuple(differences), duration, again)


def _passed(
    case: Case, blank: Result, found: Search, notes: tuple[Finding, ...], duration_us: int, again: str
) -> Result:
    from .states_transitions import TRANSITIONS

    verdict = Verdict.NOTE if notes else Verdict.PASS
    known = f"; known deviations: {', '.join(sorted(found.known))}" if found.known else ""
    title = (
        f"{found.scripts} random scripts of {found.steps} steps took {len(found.transitions)} of "
        f"{len(TRANSITIONS)} transitions, and none failed (seed {found.seed}){known}."
    )
    tags = {**case.tags, "scripts": found.scripts, "steps": found.steps, "transitions": sorted(found.transitions)}
    attempt = Attempt(verdict, notes, Trace(()), duration_us)
    return replace(
        blank,
        case=replace(case, title=title, tags=tags),
        verdict=verdict,
        attempts=(attempt,),
        reason="",
        reproduce=again,
    )


def _repeated(run: Run, script: Case, failing: list[Verdict]) -> tuple[Result, bool]:
    """The first repetition that fails as well, the last one where none does; and whether there was another answer."""
    for turn in range(AGAIN):
        result = run.results([script])[0]
        if result.verdict in failing:
            return result, turn > 0 or result.unstable
    return result, True


def _shortest(case: Case, found: Search, second: Result, unstable: bool, failing: list[Verdict], again: str) -> Result:
    from .fuzz.paste import pasted

    assert found.failure is not None
    assert found.shortest is not None
    result, fails = replace(second, unstable=unstable), second.verdict in failing
    if not fails:
        attempts = (*found.failure.attempts, *second.attempts)
        verdict = worst((Verdict.NOTE, second.verdict))
        result = replace(result, verdict=verdict, layer=None, attempts=attempts)
    breached = tuple(f for f in result.findings if f.verdict is result.verdict)
    steps = len(found.shortest.taken)
    text = pasted(result.case, breached, found.seed)
    after = f"after {found.scripts} scripts (seed {found.seed})"
    title = f"The shortest random script that fails: {steps} steps, found {after}."
    if not fails:
        title = f"A random script of {steps} steps failed once, {after}, and not again in {AGAIN} more runs."
    tags = {**case.tags, "scripts": found.scripts, "steps": steps, "script": text}
    tags["transitions"] = list(found.shortest.transitions)
    return replace(result, case=replace(result.case, title=title, tags=tags), reproduce=again)


def _differences(before: Told, now: Told, first: str, second: str) -> list[str]:
    """What two servers told otherwise in the same script, one line for each kind, the shortest script for each."""
    kinds: dict[tuple[str, str], list[Any]] = {}
    for key in now:
        if key in before and before[key][1] != now[key][1]:
            kinds.setdefault(_apart(before[key][1], now[key][1]), []).append(now[key][0])
    lines = []
    for (one, other), scripts in sorted(kinds.items(), key=lambda kind: -len(kind[1]))[:_DIFFERENCES]:
        shortest = min(scripts, key=lambda script: (len(script.taken), len(repr(script.case.steps))))
        moves = ", ".join(move.name for move in shortest.taken)
        lines.append(f"after {moves}: {first} {one}; {second} {other} ({len(scripts)} scripts)")
    return lines


def _apart(one: str, other: str) -> tuple[str, str]:
    """The first of what was told that is not the same."""
    pairs = zip(one.split(", "), other.split(", "), strict=False)
    return next(((a, b) for a, b in pairs if a != b), (one, other))


def _note(text: str) -> Finding:
    return Finding("suite", Level.SILENT, Layer.SUITE, Verdict.NOTE, Layer.SUITE, "app", "", text)


def _swept(case: Case, run: Run, blank: Result) -> Result:
    from .close_codes import CloseClass
    from .harness.process import TargetProcess
    from .harness.sweep import Light, Sweep
    from .sweep.judged import Swept, judged
    from .sweep.outcomes import codes_of, grouped

    direction = str(case.tags["direction"])
    by = direction[0].upper() if run.bare else direction[0]
    codes = codes_of(CloseClass(case.row))

    async def sweep(process: TargetProcess) -> list[Light]:
        address = probe_address(case, process.endpoint, run.plan.settings)
        return await Sweep(process, address, run.deadlines, by).run(codes)

    begun = time.monotonic()
    lights = run.meanwhile(sweep)
    duration = int((time.monotonic() - begun) * 1_000_000)
    return judged(case, Swept(tuple(grouped(direction, lights)), duration), run.results, blank)


def _blank(case: Case, run: Run) -> Result:
    node_id, reproduce = f"conformance::{run.plan.node_name(case)}", run.plan.reproduce(case)
    if case.section == EXHAUSTIVE:
        reproduce += " --exhaustive"
    return Result(case, node_id, run.plan.server_id, Verdict.SKIP, None, (), reproduce=reproduce)


def _requires() -> tuple[str, ...]:
    from . import cases

    return tuple(
        dict.fromkeys(
            id for one in cases.load() if one.section in _DECIDED and one.kind == "probe" for id in one.requires
        )
    )
