"""One trace read into what the relations ask about: the wire, each ASGI boundary, the app lane's operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ..model import Component, Layer, Observation, Trace

Frame = Mapping[str, Any]
Event = Mapping[str, Any]

# Microseconds of lateness past which a missed deadline says nothing about the target (DESIGN 8).
LATE_US = 1_000_000


class Sent(NamedTuple):
    """One event that the application side sent at a boundary, and how that send ended."""

    event: Event
    step: int | None
    returned: bool
    raised: Mapping[str, Any] | None


class Operation(NamedTuple):
    """One operation of the app lane and how it ended; ``public``: the framework's public states after it."""

    step: int
    op: str
    returned: Any
    raised: Mapping[str, Any] | None
    states: tuple[int, int] | None
    attempts: int
    public: Mapping[str, Any] = MappingProxyType({})


class Missed(NamedTuple):
    """A deadline that passed, with its evidence."""

    wait: str
    seconds: float
    app: Mapping[str, Any]
    sound: bool

    @property
    def owed(self) -> bool:
        """Whether the server owed something by then: the application was receiving, or over."""
        return self.sound and (bool(self.app.get("over")) or self.waits_in("outer.receive"))

    def waits_in(self, call: str) -> bool:
        """Whether an ASGI call such as ``outer.receive`` had not returned when the deadline passed."""
        return call in (self.app.get("waiting") or {})


class AtBoundary(NamedTuple):
    """What passed one ASGI boundary."""

    name: str
    above: Component | None
    received: tuple[Event, ...]
    receive_raised: tuple[Mapping[str, Any], ...]
    sent: tuple[Sent, ...]
    exit: Mapping[str, Any] | None
    entered: Mapping[str, Any]


class Wire(NamedTuple):
    """What the client sent and saw.

    ``sent`` and ``received`` are the client's frames and those it received. ``ends`` are the ends on the wire in their
    order: ``client.`` close, fin, half, rst; ``server.`` close, eof, reset. ``over_tcp``: TCP lay below, which a Unix
    socket is not.
    """

    request: Mapping[str, Any] | None
    response: Mapping[str, Any] | None
    entries: tuple[Observation, ...]
    sent: tuple[Frame, ...]
    received: tuple[Frame, ...]
    ends: tuple[str, ...]
    over_tcp: bool

    @property
    def opened(self) -> bool:
        """Whether the handshake was completed with a valid 101."""
        return self.response is not None and self.response["status"] == 101 and "problem" not in self.response

    @property
    def status(self) -> int | None:
        """The HTTP status of the handshake's answer."""
        return None if self.response is None else int(self.response["status"])

    def headers(self, name: str) -> list[str]:
        """The values of one header of the handshake's answer."""
        pairs = self.response["headers"] if self.response is not None else ()
        return [value for key, value in pairs if key.lower() == name.lower()]

    @property
    def client_close(self) -> Frame | None:
        """The first Close frame that the client sent."""
        return next((frame for frame in self.sent if frame["opcode"] == "close"), None)

    @property
    def server_close(self) -> Frame | None:
        """The first Close frame that the client received."""
        return next((frame for frame in self.received if frame["opcode"] == "close"), None)

    @property
    def client_end(self) -> str:
        """How the client ended the connection of its own accord, '' if it did not: close, fin, half or rst."""
        side, _, what = next(iter(self.ends), "").partition(".")
        return what if side == "client" else ""

    @property
    def ended_by_server(self) -> bool:
        """Whether the client saw the end of TCP."""
        return "server.eof" in self.ends or "server.reset" in self.ends

    @property
    def client_stays(self) -> bool:
        """Whether the client read on until the server ended the connection or closed it."""
        return not any(end in ("client.fin", "client.rst") for end in self.ends) or "server.eof" in self.ends


class Seen(NamedTuple):
    """One trace, read. ``outer`` and ``inner`` are the outermost ASGI boundary and what the endpoint was given."""

    trace: Trace
    wire: Wire
    boundaries: tuple[AtBoundary, ...]
    operations: tuple[Operation, ...]
    missed: tuple[Missed, ...]
    failed: tuple[Mapping[str, Any], ...]
    client_steps: tuple[Mapping[str, Any], ...]
    by_boundary: Mapping[str, Sequence[Observation]]
    outer: AtBoundary | None
    inner: AtBoundary | None

    @property
    def framework(self) -> Sequence[Observation]:
        """What was observed of the framework's objects."""
        return self.by_boundary.get("framework", ())

    def at(self, boundary: str, *kinds: str) -> Sequence[Observation]:
        """The observations of one boundary in their order, of the given kinds (all when none is given)."""
        found = self.by_boundary.get(boundary, ())
        return [o for o in found if o.kind in kinds] if kinds else found

    def step_of(self, op: str) -> int | None:
        """The index of the first client step of a kind that was completed, such as ``ended``."""
        return next((int(step["step"]) for step in self.client_steps if step["op"] == op), None)

    def waiting_in(self, call: str) -> Missed | None:
        """A sound missed deadline at which an ASGI call such as ``outer.receive`` had not returned."""
        return next((m for m in self.missed if m.sound and m.waits_in(call)), None)


def read(trace: Trace) -> Seen:
    """Read a trace. Only the order within one boundary is used."""
    by_boundary: dict[str, list[Observation]] = {}
    for observation in trace.observations:
        found = by_boundary.get(observation.boundary)
        if found is None:
            by_boundary[observation.boundary] = [observation]
        else:
            found.append(observation)
    names = [name for name in by_boundary if name.startswith("asgi:")]
    names.sort(key=lambda name: int(name.partition(":")[2]))
    boundaries = {
        name: _boundary(name, by_boundary[name]) for name in ("outer", *names, "inner") if name in by_boundary
    }
    client = by_boundary.get("client", [])
    return Seen(
        trace=trace,
        wire=_wire(by_boundary.get("wire", ())),
        boundaries=tuple(boundaries.values()),
        operations=tuple([_operation(o.data) for o in by_boundary.get("app", ()) if o.kind == "op"]),
        missed=tuple([_missed(o.data) for o in client if o.kind == "deadline"]),
        failed=tuple([o.data for o in client if o.kind == "failed"]),
        client_steps=tuple([o.data for o in client if o.kind == "step"]),
        by_boundary=by_boundary,
        outer=boundaries.get("outer"),
        inner=boundaries.get("inner"),
    )


def _wire(observations: Sequence[Observation]) -> Wire:
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None
    sent: list[Frame] = []
    received: list[Frame] = []
    ends: list[str] = []
    over_tcp = True
    for _, _, kind, data in observations:
        if kind == "sent":
            sent.append(data)
            if data["opcode"] == "close":
                ends.append("client.close")
        elif kind == "received":
            received.append(data)
            if data["opcode"] == "close":
                ends.append("server.close")
        elif kind in _ENDS:
            ends.append("client.half" if data.get("half") else _ENDS[kind])
        elif kind == "request":
            request = data if request is None else request
        elif kind == "response":
            response = data if response is None else response
        elif kind == "connect" and data.get("unix"):
            over_tcp = False
    return Wire(request, response, tuple(observations), tuple(sent), tuple(received), tuple(ends), over_tcp)


_ENDS = {
    "sent.fin": "client.fin",
    "sent.rst": "client.rst",
    "received.eof": "server.eof",
    "received.reset": "server.reset",
}


def _boundary(name: str, observations: list[Observation]) -> AtBoundary:
    entered: Mapping[str, Any] = {}
    ended: Mapping[str, Any] | None = None
    received: list[Event] = []
    raised: list[Mapping[str, Any]] = []
    sent: list[Sent] = []
    for _, _, kind, data in observations:
        if kind == "receive":
            received.append(data["event"])
        elif kind == "send":
            sent.append(Sent(data["event"], data.get("step"), False, None))
        elif kind == "sent" and sent:
            sent[-1] = Sent(sent[-1].event, sent[-1].step, True, None)
        elif kind == "send.raised" and sent:
            sent[-1] = Sent(sent[-1].event, sent[-1].step, False, data["exc"])
        elif kind == "receive.raised":
            raised.append(data["exc"])
        elif kind == "enter":
            entered = entered or data
        elif kind == "exit" and ended is None:
            ended = data
    above = entered.get("component")
    component = None
    if above:
        component = Component(above["name"], Layer(above["layer"]), above.get("file", ""), above.get("line", 0))
    return AtBoundary(name, component, tuple(received), tuple(raised), tuple(sent), ended, entered)


def _operation(data: Mapping[str, Any]) -> Operation:
    states = None
    if "client_state" in data:
        states = (data["client_state"], data["application_state"])
    public = {key: value for key, value in data.items() if key not in _OF_OPERATIONS}
    return Operation(
        data["step"], data["op"], data.get("returned"), data.get("raised"), states, data.get("attempts", 1), public
    )


_OF_OPERATIONS = ("step", "op", "returned", "raised", "attempts")


def _missed(data: Mapping[str, Any]) -> Missed:
    app = data.get("app")
    sound = app is not None and data.get("child_loop_lag_us", 0) < LATE_US and data.get("own_lag_us", 0) < LATE_US
    return Missed(data["wait"], data["seconds"], app or {}, sound)
