"""What the exchanges of a sweep came to, put together: codes with one outcome are one group. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from ..close_codes import MAXIMUM, CloseClass, arrival, classify, describe
from ..model import Level, Trace

SECTION = "exhaustive"
AS_SENT = "the code itself"


class Exchange(Protocol):
    """One light exchange of one code (``harness.sweep.Light``)."""

    code: int
    status: int | None
    closed: tuple[int | None, bytes] | None
    ended: str
    told: dict[str, Any] | None

    @property
    def complete(self) -> bool:
        """Whether both sides were seen to the end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What both sides saw. A code is `AS_SENT` where it is the one that was closed with.

    ``told``: what the application was shown; ``raised``: what its operation raised; ``wire``: the server's Close frame.
    """

    told: str
    raised: str
    wire: str
    ended: str
    complete: bool = True

    def __str__(self) -> str:
        if not self.complete:
            return f"not seen to the end (application: {self.told}; wire: {self.wire}; TCP: {self.ended or 'open'})"
        raised = f", which raised {self.raised}" if self.raised else ""
        return f"the application was told {self.told}{raised}; on the wire {self.wire}, then {self.ended}"


@dataclass(frozen=True, slots=True)
class Group:
    """Codes that one script stands for and that came to one outcome."""

    script: str
    outcome: Outcome
    codes: tuple[int, ...]


def codes_of(kind: CloseClass) -> tuple[int, ...]:
    """The codes of a class."""
    return _classes()[kind]


@cache
def _classes() -> Mapping[CloseClass, tuple[int, ...]]:
    found: dict[CloseClass, list[int]] = {kind: [] for kind in CloseClass}
    for code in range(MAXIMUM + 1):
        found[classify(code)].append(code)
    return {kind: tuple(codes) for kind, codes in found.items()}


def script_of(by: str, code: int) -> str:
    """The case whose script closes with a code: ``by`` is who closes, ``client`` or ``app``."""
    if by == "client":
        expected = arrival(code)
        kind = "illegal" if expected.fails else "code" if expected.level is Level.MUST else "registered"
    else:
        described = describe(code)
        kind = "code" if described.server_legal else "client-only" if described.sendable_by_endpoint else "illegal"
    return f"close.{by}.{kind}"


def outcome_of(by: str, light: Exchange) -> Outcome:
    """What one exchange came to."""
    told = light.told or {}
    event = told.get("disconnect" if by == "client" else "close")
    shown = "nothing" if event is None else _close(light.code, event[0], event[1] or "")
    raised = told.get("raised")
    text = "" if not raised else f"{raised[0].rpartition('.')[2]}"
    if raised and raised[1] is not None:
        text += f" with {_close(light.code, raised[1], raised[2] or '')}"
    return Outcome(shown, text, _wire(light), light.ended, light.complete)


def _wire(light: Exchange) -> str:
    if light.status != 101:
        return "no answer" if light.status is None else f"HTTP {light.status}"
    if light.closed is None:
        return "no Close frame"
    code, reason = light.closed
    return f"Close {_close(light.code, code, reason.decode('utf-8', 'backslashreplace'))}"


def _close(sent: int, code: Any, reason: str) -> str:
    text = AS_SENT if code == sent else str(code)
    return f"{text} {reason!r}" if reason else text


def traced(by: str, code: int, trace: Trace) -> tuple[str, str]:
    """What the application was told and what was on the wire in an ordinary run, in the words of an `Outcome`."""
    kind, name = ("receive", "websocket.disconnect") if by == "client" else ("send", "websocket.close")
    events = [o.data["event"] for o in trace.at("outer", kind) if o.data["event"].get("type") == name]
    closes = [o.data for o in trace.at("wire", "received") if o.data.get("opcode") == "close"]
    told = _close(code, events[0].get("code"), events[0].get("reason") or "") if events else "nothing"
    wire = f"Close {_close(code, closes[0].get('code'), closes[0].get('reason') or '')}" if closes else "no Close frame"
    return told, wire


def grouped(by: str, lights: Iterable[Exchange]) -> list[Group]:
    """The groups of some exchanges, the largest first."""
    found: dict[tuple[str, Outcome], list[int]] = {}
    for light in lights:
        found.setdefault((script_of(by, light.code), outcome_of(by, light)), []).append(light.code)
    groups = [Group(script, outcome, tuple(codes)) for (script, outcome), codes in found.items()]
    return sorted(groups, key=lambda group: -len(group.codes))


def ranges(codes: Sequence[int], most: int = 0) -> str:
    """Codes for a person, neighbours as one range: ``1000-1003, 3007``; past ``most`` ranges the rest is counted."""
    found: list[list[int]] = []
    for code in sorted(codes):
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in found]
    if most and len(shown) > most:
        left = sum(b - a + 1 for a, b in found[most:])
        return ", ".join(shown[:most]) + f" and {left} more"
    return ", ".join(shown)
