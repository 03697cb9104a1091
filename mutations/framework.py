"""A broken framework: Starlette's WebSocket with one fault, between the last boundary and the handler."""

from __future__ import annotations

import asyncio
import enum
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette import websockets
from starlette.websockets import WebSocket, WebSocketDisconnect

from .tamper import Deliberate, Orders, tampered

# Its methods are looked up and replaced by name.
Socket: Any = WebSocket


def events(orders: Orders) -> None:
    """A fault in the events as the object takes and gives them."""
    original = Socket.__init__

    def __init__(self: Any, scope: Any, receive: Any, send: Any) -> None:
        original(self, scope, *tampered(orders, receive, send))

    Socket.__init__ = __init__


def state(orders: Orders) -> None:
    """After one transition of one machine, a wrong state; ``moves`` says of which attribute."""
    machine, before, kind = orders["machine"], orders["before"], orders["type"]
    method = "receive" if machine == "client_state" else "send"
    original = getattr(Socket, method)

    async def wrong(self: Any, *args: Any) -> Any:
        start = getattr(self, machine).value
        message: Any = args[0] if args else {}
        try:
            result = await original(self, *args)
        except (OSError, WebSocketDisconnect):
            if kind == "lost" and start == before:
                _move(self, orders)
            raise
        message = message or result or {}
        name = message.get("type", "") + ("+more" if message.get("more_body") else "")
        if start == before and name == kind:
            _move(self, orders)
        return result

    setattr(Socket, method, wrong)


def _move(socket: Any, orders: Orders) -> None:
    setattr(socket, orders["moves"], websockets.WebSocketState(orders["to"]))


def initial(orders: Orders) -> None:
    """A wrong state from the beginning."""
    original = Socket.__init__

    def __init__(self: Any, scope: Any, receive: Any, send: Any) -> None:
        original(self, scope, receive, send)
        _move(self, orders)

    Socket.__init__ = __init__


def operation(orders: Orders) -> None:
    """A fault in one method as a whole, in one of its arguments, or in how it refuses."""
    name, operator = orders["method"], orders["operator"]
    original = getattr(Socket, name)
    if inspect.isasyncgenfunction(original):
        setattr(Socket, name, _iteration(original, operator))
        return
    signature = inspect.signature(original)

    async def wrong(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        values = dict(list(given.arguments.items())[1:])
        if not _concerned(values, orders):
            return await original(self, *args, **kwargs)
        if operator in ("argument-ignored", "other-default"):
            for key, value in orders["values"].items():
                if operator == "argument-ignored" or key not in _named(signature, self, args, kwargs):
                    values[key] = value
            return await original(self, **values)
        if operator.startswith("refusal-"):
            return await _refusing(self, original(self, *args, **kwargs), operator, orders)
        return await _carried_out(self, lambda: original(self, *args, **kwargs), operator)

    setattr(Socket, name, wrong)


def _named(signature: inspect.Signature, *given: Any) -> set[str]:
    socket, args, kwargs = given
    return set(signature.bind(socket, *args, **kwargs).arguments)


def _concerned(values: dict[str, Any], orders: Orders) -> bool:
    """Whether a call is the one of several that a mutant is about: a mode, or the type of an event."""
    if "mode" in orders:
        mode = values.get("mode", "text")
        return bool((mode if mode in ("text", "binary") else "illegal") == orders["mode"])
    if "type" in orders:
        message = values["message"]
        name = message["type"] + ("+more" if message.get("more_body") else "")
        return bool(name == orders["type"])
    return True


async def _carried_out(socket: Any, call: Callable[[], Any], operator: str) -> Any:
    match operator:
        case "raise":
            raise Deliberate("the mutant's own")
        case "swallow":
            return None
        case "hang":
            await asyncio.get_running_loop().create_future()
        case "late":
            await call()
            raise Deliberate("the mutant's own, after the operation")
        case "twice":
            await call()
            return await call()
        case "returns-none":
            await call()
            return None
        case "returns-other":
            return _other(await call())
        case "disconnect-swallowed" | "disconnect-other" | "disconnect-raw":
            try:
                return await call()
            except WebSocketDisconnect as gone:
                if operator == "disconnect-swallowed":
                    return None
                raise (OSError("gone") if operator == "disconnect-raw" else Deliberate("gone")) from gone
        case "disconnect-1000":
            try:
                return await call()
            except WebSocketDisconnect:
                raise WebSocketDisconnect(1000) from None
    raise AssertionError(operator)


def _other(value: Any) -> Any:
    if value is None:
        return "something"
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {**value, "type": value.get("type", "") + ".other"}
    return repr(value)


async def _refusing(socket: Any, call: Any, operator: str, orders: Orders) -> Any:
    try:
        return await call
    except RuntimeError as refused:
        match operator:
            case "refusal-swallowed":
                return None
            case "refusal-other":
                raise AssertionError(str(refused)) from refused
            case "refusal-moves":
                socket.application_state = websockets.WebSocketState(1 if socket.application_state.value == 2 else 2)
        raise


def _iteration(original: Any, operator: str) -> Any:
    async def wrong(self: Any) -> AsyncIterator[Any]:
        if operator.startswith("refusal-"):
            try:
                async for item in original(self):
                    yield item
            except RuntimeError as refused:
                if operator == "refusal-other":
                    raise AssertionError(str(refused)) from refused
                if operator == "refusal-moves":
                    self.application_state = websockets.WebSocketState(1 if self.application_state.value == 2 else 2)
                    raise
            return
        if operator == "raise":
            raise Deliberate("the mutant's own")
        if operator == "hang":
            await asyncio.get_running_loop().create_future()
        if operator == "swallow":
            return
        count = 0
        async for item in original(self):
            count += 1
            if operator == "returns-other":
                yield _other(item)
            elif operator == "skips-falsy" and not item:
                continue
            elif operator == "stops-at-falsy" and not item:
                return
            elif operator == "twice":
                yield item
                yield item
            else:
                yield item
            if operator == "once":
                return
        if operator == "late":
            raise Deliberate("the mutant's own, at the end")
        if operator == "raises-disconnect":
            raise WebSocketDisconnect(1000)
        if operator == "trailing":
            yield None

    return wrong


def surface(orders: Orders) -> None:
    """A fault in the documented values."""
    operator = orders["operator"]
    if orders["subject"] == "surface.states":
        _states(orders["field"], operator)
    elif orders["subject"] == "surface.disconnect":
        _disconnect(orders["field"], operator)
    else:
        _copy(orders["field"])


def _states(name: str, operator: str) -> None:
    members: dict[str, Any] = {member.name: member.value for member in websockets.WebSocketState}
    if operator == "increased":
        members[name] += 10
    elif operator == "text":
        members[name] = str(members[name])
    elif operator == "removed":
        del members[name]
    made: Any = enum.Enum
    other = made("WebSocketState", members)
    if operator == "no-enum":
        values = {key: type("Member", (), {"value": value, "_value_": value})() for key, value in members.items()}
        other = type("WebSocketState", (), {**values, "__members__": values})
    setattr(websockets, "WebSocketState", other)  # noqa: B010


def _disconnect(name: str, operator: str) -> None:
    kind: Any = WebSocketDisconnect
    original = kind.__init__
    if operator == "subclass":
        base = type("Base", (Exception,), {})
        setattr(websockets, "WebSocketDisconnect", type(kind.__name__, (base,), dict(vars(kind))))  # noqa: B010
        return

    def __init__(self: Any, code: Any = 1000, reason: Any = None) -> None:
        original(self, code, reason)
        if operator == "default" and name == "code" and code == 1000:
            self.code = 1005
        elif operator == "default" and name == "reason" and not reason:
            self.reason = "none given"
        elif operator == "none" and not reason:
            self.reason = None
        elif operator == "text" and name == "code":
            self.code = str(code)
        elif operator == "removed":
            delattr(self, name)
        elif operator == "falsy" and not code:
            self.code = 1000

    kind.__init__ = __init__


def _copy(name: str) -> None:
    """One of FastAPI's names stands for a copy."""
    import fastapi
    import fastapi.websockets

    module, _, attribute = name.rpartition(".")
    place: Any = {"fastapi": fastapi, "fastapi.websockets": fastapi.websockets}[module]
    original = getattr(place, attribute)
    made: Any = enum.Enum
    if issubclass(original, enum.Enum):
        setattr(place, attribute, made(attribute, {member.name: member.value for member in original}))
    else:
        setattr(place, attribute, type(attribute, original.__bases__, dict(vars(original))))


KINDS: dict[str, Callable[[Orders], None]] = {
    "events": events,
    "state": state,
    "initial": initial,
    "operation": operation,
    "surface": surface,
}
