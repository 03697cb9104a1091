"""The words of the suite as frozen data. Nothing here does anything; every other room imports it.

Times are microseconds since the start of a run and exist for drawing only: no verdict depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Level(StrEnum):
    """How strongly a document demands something (RFC 2119 for RFC 6455; the ASGI text uses the words in lower case)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    SILENT = "SILENT"


class Layer(StrEnum):
    """What lies between two neighbouring boundaries; ``suite`` is this project itself."""

    SERVER = "server"
    MIDDLEWARE = "middleware"
    FRAMEWORK = "framework"
    APPLICATION = "application"
    SUITE = "suite"


class Verdict(StrEnum):
    """What a finding, a case or a run comes to, from best to worst; see `worst`."""

    SKIP = "skip"
    PASS = "pass"
    NOTE = "note"
    KNOWN = "known"
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"


_ORDER = {verdict: rank for rank, verdict in enumerate(Verdict)}


def worst(verdicts: Any) -> Verdict:
    """The worst of some verdicts (``skip`` when there are none: nothing was judged)."""
    return max(verdicts, key=_ORDER.__getitem__, default=Verdict.SKIP)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative statement of one document, in our own words.

    ``since`` and ``until`` bound the version of the ASGI WebSocket specification (``"2.4"``) that a server must
    advertise for the statement to apply; ``released`` is the first release of the document's product that is held to
    it; ``no_case`` says why no case decides it, where none does.
    """

    id: str
    document: str
    section: str
    level: Level
    binds: Layer
    statement: str
    source: str
    since: str | None = None
    until: str | None = None
    released: str | None = None
    note: str | None = None
    no_case: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one lane does or expects, at its place in the total order of a script.

    ``lane`` is ``client`` or ``app``. Steps with the same ``group`` (not None) are open in their order.
    ``args`` hold plain JSON values, and ``bytes``.
    """

    index: int
    lane: str
    op: str
    args: Mapping[str, Any] = field(default_factory=dict)
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One scripted exchange that decides requirements; ``row`` names its values, '' when the script has none.

    ``server`` names the configuration of a server of its own (configurations.py), '' where any server will do.
    """

    id: str
    title: str
    section: str
    requires: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    row: str = ""
    kind: str = "probe"
    needs: frozenset[str] = frozenset()
    tags: Mapping[str, Any] = field(default_factory=dict)
    server: str = ""

    @property
    def full_id(self) -> str:
        """The frozen id that users type: ``close.client.code[4001-bye]``."""
        return f"{self.id}[{self.row}]" if self.row else self.id


class Observation(NamedTuple):
    """One thing seen at one boundary. Only the order within one boundary counts."""

    t_us: int
    boundary: str
    kind: str
    data: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Component:
    """What lies between two ASGI boundaries: a middleware, a wrapper or a part of the framework."""

    name: str
    layer: Layer
    file: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """``app.mw.CloseRewriter (app/mw.py:12)``"""
        return f"{self.name} ({self.file}:{self.line})" if self.file else self.name


@dataclass(frozen=True, slots=True)
class Trace:
    """All that was seen in one run of one case."""

    observations: tuple[Observation, ...]
    complete: bool = True

    def at(self, boundary: str, *kinds: str) -> tuple[Observation, ...]:
        """The observations of one boundary in their order, of the given kinds (all when none is given)."""
        return tuple(o for o in self.observations if o.boundary == boundary and (not kinds or o.kind in kinds))


class Finding(NamedTuple):
    """One requirement judged on one trace."""

    requirement: str
    level: Level
    binds: Layer
    verdict: Verdict
    layer: Layer
    boundary: str
    expected: str
    observed: str
    component: str = ""
    deviation: str = ""
    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The server under which a run took place, as it was found in the target's environment."""

    id: str
    name: str
    version: str
    ws: str
    http: str = ""
    loop: str = ""
    spec_version: str = "2.0"
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a case: what it came to and what was seen; ``times`` such executions, where many are counted."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    trace: Trace
    duration_us: int
    reason: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What one case came to on one server; the last attempt is the one that counts."""

    case: Case
    node_id: str
    server: str
    verdict: Verdict
    layer: Layer | None
    attempts: tuple[Attempt, ...]
    reason: str = ""
    unstable: bool = False
    reproduce: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the attempt that counts."""
        return self.attempts[-1].findings if self.attempts else ()

    @property
    def trace(self) -> Trace:
        """The trace of the attempt that counts."""
        return self.attempts[-1].trace if self.attempts else Trace(())

    @property
    def duration_us(self) -> int:
        """How long the attempt that counts took, in microseconds."""
        return self.attempts[-1].duration_us if self.attempts else 0
