"""The real WebSocket class over a fake receive and send: the second derivation of the state table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, cast

from starlette import websockets
from starlette.responses import Response, StreamingResponse

from asgi_conformance.states import DENIAL_EXTENSION, INITIAL, Pair, WebSocketState
from asgi_conformance.states_calls import CALLS
from asgi_conformance.states_model import RAISED_OSERROR, RETURNED, Given, Outcome

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Waits(BaseException):
    """The operation would wait for ever."""


class OtherError(Exception):
    """What a server may raise that is no OSError."""


class RealWebSocket(websockets.WebSocket):
    """It notes each assignment that changes a state."""

    def __init__(self, denial: bool, receive: Receive, send: Send, pair: Pair = INITIAL) -> None:
        extensions: dict[str, Any] = {DENIAL_EXTENSION: {}} if denial else {}
        self.changes: list[tuple[str, WebSocketState, WebSocketState]] = []
        super().__init__({"type": "websocket", "extensions": extensions, "headers": []}, receive, send)
        self.client_state, self.application_state = (websockets.WebSocketState(state) for state in pair)
        self.changes.clear()

    def __setattr__(self, name: str, value: Any) -> None:
        old = self.__dict__.get(name)
        if isinstance(old, websockets.WebSocketState) and old is not value:
            self.changes.append((name, WebSocketState(old.value), WebSocketState(value.value)))
        super().__setattr__(name, value)

    def attach(self, inner: Inner) -> None:
        """Let another receive and send stand behind the object from here on."""
        self._receive, self._send = cast("Any", inner.receive), inner.send

    @property
    def pair(self) -> Pair:
        return Pair(WebSocketState(self.client_state.value), WebSocketState(self.application_state.value))

    async def call(self, operation: str) -> Any:
        op, args = CALLS[operation]
        if op == "iterate":
            return [item async for item in getattr(self, f"iter_{args['kind']}")()]
        if op == "deny":
            return await self.send_denial_response(_response(**args))
        return await getattr(self, op)(**args)


def _response(status: int, headers: Any, chunks: list[bytes]) -> Response:
    fields = {name.decode(): value.decode() for name, value in headers}
    if len(chunks) == 1:
        return Response(chunks[0], status, fields)

    async def body() -> Any:
        for chunk in chunks:
            yield chunk

    return StreamingResponse(body(), status, fields)


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError("the operation waits for something that is not the fake server")


class Inner:
    """An inner receive and send that note what they were asked."""

    sends: list[str]
    receives: int

    async def receive(self) -> Mapping[str, Any]:
        raise NotImplementedError

    async def send(self, message: Mapping[str, Any]) -> None:
        raise NotImplementedError


class Fake(Inner):
    """They give what they are told to give."""

    def __init__(self, given: Given) -> None:
        self.messages = [result for result in given.results if not isinstance(result, str)]
        self.results = [result for result in given.results if isinstance(result, str)]
        self.sends: list[str] = []
        self.receives = 0

    async def receive(self) -> Mapping[str, Any]:
        if not self.messages:
            raise Waits
        self.receives += 1
        return self.messages.pop(0)

    async def send(self, message: Mapping[str, Any]) -> None:
        if not self.results:
            raise Waits
        self.sends.append(message["type"])
        result = self.results.pop(0)
        if result == RAISED_OSERROR:
            raise ConnectionResetError("the client has gone")
        if result != RETURNED:
            raise OtherError


FAMILIES: Mapping[str, type[Exception]] = {
    "RuntimeError": RuntimeError,
    "WebSocketDisconnect": websockets.WebSocketDisconnect,
    "OSError": OSError,
    "unspecified": Exception,
}


def disagreements(real: RealWebSocket, inner: Inner, operation: str, expected: Callable[[], Outcome]) -> list[str]:
    """Perform the operation and compare all that the outcome says, which is asked for afterwards."""
    value: Any = None
    raised: Exception | None = None
    real.changes.clear()
    inner.sends.clear()
    inner.receives = 0
    try:
        value = finish(real.call(operation))
    except Exception as exc:
        raised = exc
    outcome = expected()
    got = (real.pair, tuple(real.changes), tuple(inner.sends), inner.receives)
    wanted = (outcome.pair_after, outcome.changes, outcome.sends, outcome.receives)
    found = [f"{operation}: {g!r}, not {w!r}" for g, w in zip(got, wanted, strict=True) if g != w]
    result = f"{operation}: returned {value!r}, raised {raised!r}"
    if outcome.raises is None:
        if raised is not None or value != outcome.value:
            found.append(f"{result}; not returns {outcome.value!r}")
    elif not isinstance(raised, FAMILIES[outcome.raises]):
        found.append(f"{result}; not raises {outcome.raises}")
    elif isinstance(raised, websockets.WebSocketDisconnect):
        if (raised.code, raised.reason) != (outcome.code, outcome.reason):
            found.append(f"{result}; not {outcome.code!r} {outcome.reason!r}")
    return found
