"""What a run says of a baseline: which entries are stale, which have expired, which name nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..model import Finding, Result, ServerInfo, Verdict
from ..selection import may_name_a_route
from ..settings import SettingsError, nearest
from .entries import PREFIX, Entry, named, products
from .file import Baseline

_UNDECIDED = (Verdict.SKIP, Verdict.ERROR)


@dataclass(frozen=True)
class Seen:
    """What is known of a run: its results, its servers, and all cases that there are.

    ``routes`` are the cases of the target's own routes, None where it was not asked for them; ``all_routes`` says
    that the settings leave none of them out.
    """

    cases: Collection[str]
    results: Sequence[Result] = ()
    servers: Sequence[ServerInfo] = ()
    framework: Mapping[str, Any] = field(default_factory=dict)
    routes: Collection[str] | None = None
    all_routes: bool = False

    @cached_property
    def known(self) -> set[str]:
        """The ids of all cases that are known."""
        return {*self.cases, *(self.routes or ())}

    @cached_property
    def judged(self) -> set[tuple[str, str]]:
        """Case and server of each case that was judged: with an answer, and on evidence that is good enough."""
        return {(r.case.full_id, r.server) for r in self.results if r.verdict not in _UNDECIDED}

    def here(self, entry: Entry) -> list[ServerInfo]:
        """The servers of this run for which an entry counts."""
        versions = products(self.framework)
        return [server for server in self.servers if entry.applies(server, versions)]

    def unknown(self, pattern: str) -> bool:
        """Whether a pattern is known to name no case."""
        told = self.routes is not None and self.all_routes
        return (told or not may_name_a_route(pattern)) and not named((pattern,), self.known)

    def covered(self, entry: Entry, counts: Callable[[Finding], bool]) -> set[str]:
        """The cases in which an entry names a finding of those that count, in any attempt, where it applies."""
        ids = {server.id for server in self.here(entry)}
        return {
            result.case.full_id
            for result in self.results
            if result.server in ids
            for attempt in result.attempts
            for f in attempt.findings
            if counts(f) and entry.accepts(f.requirement, f.observed, f.layer, result.case.full_id)
        }

    def idle(self, entry: Entry, covered: Collection[str]) -> tuple[str, ...]:
        """The patterns of an entry that cover nothing though every case that they name was judged."""
        servers = self.here(entry)
        if not servers or entry.occurs == "sometimes":
            return ()
        out = []
        for pattern in entry.cases:
            cases = named((pattern,), self.known)
            untold = self.routes is None and may_name_a_route(pattern) and pattern not in self.known
            done = all((case, server.id) in self.judged for case in cases for server in servers)
            if cases and done and not untold and not cases & set(covered):
                out.append(pattern)
        return tuple(out)


def known_by(finding: Finding) -> bool:
    """Whether a finding is known because of the baseline."""
    return finding.verdict is Verdict.KNOWN and finding.deviation.startswith(PREFIX)


@dataclass(frozen=True)
class Account:
    """The answer of one run about a baseline."""

    baseline: Baseline
    seen: Seen

    def check(self) -> None:
        """Raise `SettingsError` for the first entry that names no case that there is."""
        for entry in self.baseline.entries:
            for pattern in entry.cases:
                if self.seen.unknown(pattern):
                    near = nearest(pattern, sorted({*self.seen.known, *(c.partition("[")[0] for c in self.seen.known)}))
                    raise SettingsError(
                        f"{self.baseline.place(entry)}: {pattern} matches no case{near} (--update-baseline removes it)"
                    )

    def stale(self) -> list[str]:
        """One line for each entry that was tried and covers less than it names."""
        lines = []
        for entry in self.baseline.standing:
            idle = self.seen.idle(entry, self.seen.covered(entry, known_by))
            if idle:
                cases = f"{idle[0]} and {len(idle) - 1} more" if len(idle) > 1 else idle[0]
                what = f"{entry.requirement} is not breached so in {cases} any more"
                lines.append(f"{self.baseline.place(entry)}: {entry.id} is stale: {what}")
        return lines

    def expired(self) -> list[str]:
        """One line for each entry whose last day has passed and of whose cases some were run where it applies."""
        run = {(result.case.full_id, result.server) for result in self.seen.results}
        lines = []
        for entry in self.baseline.expired():
            ids = {server.id for server in self.seen.here(entry)}
            if named(entry.cases, {case for case, server in run if server in ids}):
                lines.append(f"{self.baseline.place(entry)}: {entry.id} expired on {entry.expires}: {entry.reason}")
        return lines

    def told(self, updated: str = "") -> dict[str, Any]:
        """The part of the report about the baseline; ``updated`` says what an update wrote."""
        file, number = self.baseline.shown, len(self.baseline.entries)
        told = {"stale": self.stale(), "expired": self.expired(), "updated": updated}
        return {"file": file, "entries": number, **told}

    def described(self) -> list[dict[str, Any]]:
        """The entries that covered something, as the report describes a known deviation."""
        used = {f.deviation for result in self.seen.results for f in result.findings if known_by(f)}
        return [
            {
                "id": entry.id,
                "title": entry.reason,
                "product": "",
                "requirement": entry.requirement,
                "observed": entry.observed,
                "occurs": entry.occurs,
                "evidence": self.baseline.place(entry),
                "reference": entry.reference,
                "url": entry.reference if entry.reference.startswith("https://") else "",
            }
            for entry in self.baseline.entries
            if entry.id in used
        ]
