"""A pure model of Starlette's WebSocket: what an operation must come to, given what the framework was given.

It reads the tables of `states` and decides nothing itself. It is the oracle of the framework's layer: fed with the
results that the inner calls really gave, it is right about the framework even where the server is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .states import (
    CONNECTED,
    CONNECTING,
    DENIAL_EXTENSION,
    DISCONNECT,
    LOST,
    LOST_CODE,
    MORE,
    OPERATIONS,
    RECEIVE,
    RECEIVED,
    REFUSED_RECEIVE,
    REFUSED_SEND,
    SEND,
    WRONG_TYPE,
    Disconnects,
    Guard,
    Move,
    Pair,
    Primitive,
    Receive,
    Repeat,
    Send,
    Take,
    WebSocketState,
)

RETURNED = "returned"
RAISED_OSERROR = "raised OSError"
RAISED = "raised"

Inner = Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class Given:
    """What the framework was given during one operation.

    ``results`` are the results of its inner calls in their order: the message dict that a receive() gave, and for a
    send() `RETURNED`, `RAISED_OSERROR`, or `RAISED` for any other exception. ``extensions`` are the names in the scope.
    """

    results: tuple[Inner, ...] = ()
    extensions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one operation must come to.

    ``returns`` is the kind of value (``none``, ``event``, ``text``, ``bytes``, ``json``, ``items``) with ``value`` the
    value itself, or None where it raises; ``raises`` is a family: ``RuntimeError``, ``WebSocketDisconnect`` (with
    ``code`` and ``reason``), ``OSError``, or ``unspecified``. ``silent`` means that no document speaks of what is
    returned or raised: it is shown, not judged; states, ``sends`` and ``receives`` are judged all the same.
    ``sends`` are the ASGI types that reach the inner send(), ``receives`` counts the calls of the inner receive().
    ``changes`` are the assignments that change a state, in order: (attribute, old, new).
    """

    returns: str | None
    raises: str | None
    pair_after: Pair
    sends: tuple[str, ...] = ()
    receives: int = 0
    requirement_ids: tuple[str, ...] = ()
    silent: bool = False
    value: Any = None
    code: int | None = None
    reason: str | None = None
    changes: tuple[tuple[str, WebSocketState, WebSocketState], ...] = ()


class NotGiven(LookupError):
    """The operation must call the inner ``receive`` or ``send`` (``call``, ``message``), and no result was given."""

    def __init__(self, call: str, message: str = "") -> None:
        super().__init__(f"no result was given for the inner {call}({message})")
        self.call, self.message = call, message


class _Raises(Exception):
    def __init__(self, family: str, code: int | None = None, reason: str | None = None, silent: bool = False) -> None:
        self.family, self.code, self.reason, self.silent = family, code, reason, silent


_UNSPECIFIED = "unspecified"
DISCONNECTED_BY = tuple(f"starlette.disconnect.{what}" for what in ("raised", "code", "reason"))
ENDS = "starlette.iter.ends"


class _Object:
    """The two machines of one object while one operation runs."""

    def __init__(self, pair: Pair, given: Given) -> None:
        self.client, self.application = pair
        self.extensions = given.extensions
        self.messages = [result for result in given.results if not isinstance(result, str)]
        self.results = [result for result in given.results if isinstance(result, str)]
        self.message: Mapping[str, Any] = {}
        self.sends: list[str] = []
        self.receives = 0
        self.silent = False
        self.requirements: dict[str, None] = {}
        self.changes: list[tuple[str, WebSocketState, WebSocketState]] = []

    def cite(self, requirements: tuple[str, ...]) -> None:
        self.requirements.update(dict.fromkeys(requirements))

    def refuse(self, requirements: tuple[str, ...]) -> _Raises:
        self.cite(requirements)
        return _Raises("RuntimeError")

    def assign(self, attribute: str, move: Move) -> None:
        old = getattr(self, attribute)
        if old is not move.to:
            self.changes.append((f"{attribute}_state", old, move.to))
        setattr(self, attribute, move.to)
        self.cite(move.requirements)

    def receive(self) -> None:
        rows = RECEIVE[self.client]
        if not rows:
            raise self.refuse(REFUSED_RECEIVE)
        if not self.messages:
            raise NotGiven("receive")
        self.message = self.messages.pop(0)
        self.receives += 1
        move = rows.get(self.message["type"])
        if move is None:
            raise self.refuse(REFUSED_RECEIVE)
        self.assign("client", move)

    def send(self, message: str) -> None:
        before = self.application
        move = SEND[before].get(message)
        if move is None:
            raise self.refuse(REFUSED_SEND)
        if not self.results:
            raise NotGiven("send", message)
        self.assign("application", move)
        self.sends.append(message.removesuffix(MORE))
        result = self.results.pop(0)
        if result == RAISED_OSERROR and before in LOST:
            self.assign("application", LOST[before])
            raise _Raises("WebSocketDisconnect", LOST_CODE, "")
        if result != RETURNED:
            raise _Raises("OSError" if result == RAISED_OSERROR else _UNSPECIFIED, silent=True)

    def guard(self, guard: Guard) -> None:
        holds = {
            Guard.KNOWN_MODE: False,  # only operations with an illegal mode look at it
            Guard.ACCEPTED: self.application is CONNECTED,
            Guard.DENIAL_OFFERED: DENIAL_EXTENSION in self.extensions,
        }
        if not holds[guard]:
            raise self.refuse(guard.value)

    def disconnects(self) -> None:
        if self.message["type"] == DISCONNECT:
            if "code" not in self.message:
                raise _Raises(_UNSPECIFIED, silent=True)
            self.cite(DISCONNECTED_BY)
            raise _Raises("WebSocketDisconnect", self.message["code"], self.message.get("reason") or "")

    def take(self, take: Take) -> Any:
        """What the message holds; silent where it does not hold what was asked for.

        A message of the other kind may lack the key or hold None under it: ASGI allows both.
        """
        if take.kind == "event":
            self.cite(take.requirements)
            return self.message
        key, kind = ("bytes", bytes) if take.kind in ("bytes", "json-binary") else ("text", str)
        value = self.message.get(key)
        if not isinstance(value, kind) and self.message["type"] == RECEIVED:
            self.cite(WRONG_TYPE)
        if key not in self.message or (take.kind.startswith("json") and not isinstance(value, kind)):
            raise _Raises(_UNSPECIFIED, silent=True)
        if not isinstance(value, kind):
            self.silent = True
            return value
        if take.kind.startswith("json"):
            try:
                value = json.loads(value.decode("utf-8") if isinstance(value, bytes) else value)
            except ValueError:
                raise _Raises(_UNSPECIFIED, silent=True) from None
        self.cite(take.requirements)
        return value

    def do(self, primitive: Primitive) -> Any:
        match primitive:
            case Guard():
                self.guard(primitive)
            case Receive(only_connecting):
                if not only_connecting or self.client is CONNECTING:
                    self.receive()
            case Disconnects():
                self.disconnects()
            case Take():
                return self.take(primitive)
            case Send(message, requirements):
                self.cite(requirements if message in SEND[self.application] else ())
                self.send(message)
            case Repeat(steps):
                return self.repeat(steps)
        return None

    def repeat(self, steps: tuple[Primitive, ...]) -> list[Any]:
        items = []
        while True:
            try:
                items.append([self.do(step) for step in steps][-1])
            except _Raises as raised:
                if raised.family != "WebSocketDisconnect":
                    raise
                self.cite((ENDS,))
                return items


@cache
def decidable(operation: str) -> frozenset[str]:
    """The requirements that `step` may cite for an operation, in whatever pair and whatever it was given.

    Raises KeyError for an operation that is not in `OPERATIONS`.
    """
    return frozenset(id for primitive in OPERATIONS[operation] for id in _cited(primitive))


def _cited(primitive: Primitive) -> Iterator[str]:
    match primitive:
        case Guard():
            yield from primitive.value
        case Receive():
            yield from REFUSED_RECEIVE
            yield from (id for moves in RECEIVE.values() for move in moves.values() for id in move.requirements)
        case Disconnects():
            yield from DISCONNECTED_BY
        case Take():
            yield from (*primitive.requirements, *WRONG_TYPE)
        case Send():
            yield from (*primitive.requirements, *REFUSED_SEND)
            moves = (*(move for moves in SEND.values() for move in moves.values()), *LOST.values())
            yield from (id for move in moves for id in move.requirements)
        case Repeat():
            yield ENDS
            yield from (id for step in primitive.steps for id in _cited(step))


_KINDS = {"event": "event", "text": "text", "bytes": "bytes", "json-text": "json", "json-binary": "json"}


def step(pair: Pair, operation: str, given: Given) -> Outcome:
    """What the operation must come to, for an object in that pair which was given these results.

    Results that the operation must not ask for are left alone: compare ``sends`` and ``receives`` with what was seen.
    Raises KeyError for an operation that is not in `OPERATIONS`, and `NotGiven` when the operation must make an inner
    call for which ``given`` holds no result: it would wait, or the framework did not call what it had to call.
    """
    model = _Object(pair, given)
    returns: str | None = "none"
    raised = _Raises("")
    value: Any = None
    try:
        for primitive in OPERATIONS[operation]:
            value = model.do(primitive)
            if isinstance(primitive, Take):
                returns = _KINDS[primitive.kind]
            elif isinstance(primitive, Repeat):
                returns = "items"
    except _Raises as seen:
        returns, value, raised = None, None, seen
    return Outcome(
        returns=returns,
        raises=raised.family or None,
        pair_after=Pair(model.client, model.application),
        sends=tuple(model.sends),
        receives=model.receives,
        requirement_ids=tuple(model.requirements),
        silent=raised.silent or model.silent,
        value=value,
        code=raised.code,
        reason=raised.reason,
        changes=tuple(model.changes),
    )
