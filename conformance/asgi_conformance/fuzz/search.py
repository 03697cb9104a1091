"""The search: Hypothesis draws scripts, runs them one by one, and shrinks the first that fails to the shortest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import HypothesisException

from ..model import Case, Result, Verdict
from .moves import scripts
from .scripts import Move, Script, write


class _Fails(Exception):
    """A script's run was judged to fail: what Hypothesis shrinks."""


@dataclass
class Search:
    """What a search came to.

    ``failure`` is the result of the shortest script that fails and ``shortest`` that script, None where none does.
    ``undecided`` are results that say nothing of the target. ``seen`` maps each script to what was observed of it, and
    ``failed`` says whether it failed.
    """

    seed: int
    scripts: int = 0
    steps: int = 0
    transitions: set[str] = field(default_factory=set)
    failure: Result | None = None
    shortest: Script | None = None
    undecided: list[Result] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    seen: dict[str, tuple[Script, str]] = field(default_factory=dict)
    failed: dict[str, bool] = field(default_factory=dict)

    def doubt(self) -> None:
        """The shortest script that failed did so once: it counts as right, and others that failed are looked at anew.

        One of them may be what was really found, shrunk to something that came to pass once.
        """
        assert self.shortest is not None
        right = {key: False for key, failed in self.failed.items() if not failed}
        self.failed = {**right, repr(self.shortest.case.steps): False}
        self.failure = self.shortest = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How many scripts, from which seed, deciding what; ``folder`` keeps what failed for the next time."""

    count: int
    seed: int
    requires: Collection[str]
    denial: bool
    failing: Collection[Verdict] = (Verdict.FAIL,)
    folder: Path | None = None


def search(terms: Terms, perform: Callable[[Case], Result], begun: Search | None = None) -> Search:
    """Run random scripts until one fails or the count is reached. What ``perform`` raises ends the search.

    One that was ``begun`` goes on: the same scripts are drawn, and what is known of one is not asked again.
    """
    found = begun or Search(terms.seed)
    verdicts = found.failed
    broken: list[BaseException] = []

    def judged(moves: Sequence[Move]) -> None:
        if broken:
            return
        script = write(moves, terms.requires, terms.denial)
        if not script.taken:
            return
        key = repr(script.case.steps)
        if key not in verdicts:
            try:
                result = perform(script.case)
            except BaseException as exc:
                # Not a script that fails: Hypothesis must not shrink it.
                broken.append(exc)
                return
            verdicts[key] = _take(found, script, key, result, terms.failing)
        if verdicts[key]:
            raise _Fails

    # In this order: seed() takes the database out of what stands below it.
    chosen = settings(
        max_examples=terms.count,
        database=DirectoryBasedExampleDatabase(terms.folder) if terms.folder is not None else None,
        deadline=None,
        phases=(Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )
    test = chosen(seed(terms.seed)(given(scripts)(judged)))
    try:
        test()
    except _Fails:
        pass
    except HypothesisException:
        # A script that fails only sometimes cannot be shrunk further: the shortest that did fail stands.
        if found.failure is None:
            raise
    if broken:
        raise broken[0]
    return found


def _take(found: Search, script: Script, key: str, result: Result, failing: Collection[Verdict]) -> bool:
    found.scripts += 1
    found.steps += len(script.taken)
    found.transitions.update(script.transitions)
    found.seen[key] = (script, told(result))
    found.known.update(finding.deviation for finding in result.findings if finding.deviation)
    if result.verdict is Verdict.ERROR:
        found.undecided.append(result)
    if result.verdict not in failing:
        return False
    if found.shortest is None or _length(script) < _length(found.shortest):
        found.shortest, found.failure = script, result
    return True


def _length(script: Script) -> tuple[int, int, int]:
    return len(script.taken), len(script.case.steps), len(repr(script.case.steps))


def told(result: Result) -> str:
    """What both sides were told in one run, in a line: what two servers are compared by."""
    words = []
    for operation in result.trace.at("app", "op"):
        raised = operation.data.get("raised")
        if raised is None:
            words.append(f"{operation.data['op']} returned")
            continue
        name = raised["type"].rpartition(".")[2]
        words.append(f"{operation.data['op']} raised {name}" + (f" {raised['code']}" if "code" in raised else ""))
    closes = [o.data for o in result.trace.at("wire", "received") if o.data.get("opcode") == "close"]
    words += [f"Close {closes[0].get('code')} on the wire"] if closes else ["no Close on the wire"]
    return ", ".join(words)
