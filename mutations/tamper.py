"""The fault itself, wherever it sits: a receive and a send that do something else to some events than pass them on.

This runs in the target's process, and knows nothing of the suite.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Event = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Orders = Mapping[str, Any]

REMOVED: Any = object()


class Deliberate(Exception):
    """What a mutant raises. It is no class that any layer expects."""


def code_of(event: Event) -> int:
    """The code of an event, 0 where there is none."""
    code = event.get("code")
    return code if isinstance(code, int) else 0


def payload(event: Event) -> Any:
    """The text or the bytes that an event carries, or its reason."""
    for name in ("text", "bytes", "reason", "body"):
        if event.get(name) is not None:
            return event[name]
    return ""


def _size(event: Event) -> int:
    value = payload(event)
    return len(value.encode()) if isinstance(value, str) else len(value)


# The occasions on which alone a fault shows, by name.
OCCASIONS: Mapping[str, Callable[[Event], bool]] = {
    "": lambda event: True,
    "normal": lambda event: code_of(event) == 1000,
    "going-away": lambda event: code_of(event) == 1001,
    "library": lambda event: 3000 <= code_of(event) < 4000,
    "private": lambda event: code_of(event) >= 4000,
    "absent": lambda event: code_of(event) == 1005 and "reason" in event,
    "lost": lambda event: event.get("reason") is None,
    "empty": lambda event: not payload(event),
    "nonascii": lambda event: isinstance(payload(event), str) and not payload(event).isascii(),
    "long": lambda event: _size(event) > 100,
}
# Occasions that depend on what came before.
LATER = ("second", "unaccepted", "accepted")


def _moved(event: Event, name: str) -> Event:
    """Under the key of the other kind of message."""
    value, other = event[name], {"text": "bytes", "bytes": "text"}[name]
    rest = {key: item for key, item in event.items() if key != name}
    return {**rest, other: value.encode() if isinstance(value, str) else value.decode("latin-1")}


def _changed(value: Any) -> Any:
    if isinstance(value, str):
        return value[:-1] + ("?" if value.endswith("!") else "!") if value else "x"
    if isinstance(value, bytes):
        return value[:-1] + (b"?" if value.endswith(b"!") else b"!") if value else b"x"
    if isinstance(value, (list, tuple)):
        return [(name, part + b"!") for name, part in value]
    return "other" if value is None else value


def _increased(value: Any) -> Any:
    return [*value, (b"x-added", b"1")] if isinstance(value, (list, tuple)) else value + 1


def _as_text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [(name.decode("latin-1"), part.decode("latin-1")) for name, part in value]
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _as_bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


CONSTANTS = {"code": 1011, "status": 418}
# What becomes of a value, by operator; `REMOVED` takes the key away. ``moved`` and ``doubled`` are about two keys.
VALUES: Mapping[str, Callable[[str, Any], Any]] = {
    "changed": lambda name, value: _changed(value),
    "constant": lambda name, value: CONSTANTS[name],
    "emptied": lambda name, value: type(value)() if value is not None else value,
    "none": lambda name, value: None,
    "removed": lambda name, value: REMOVED,
    "increased": lambda name, value: _increased(value),
    "reversed": lambda name, value: list(reversed(value)),
    "lowered": lambda name, value: [(key, part.lower()) for key, part in value],
    "single": lambda name, value: list(dict(value).items()),
    "inverted": lambda name, value: not value,
    "text": lambda name, value: _as_text(value),
    "bytes": lambda name, value: _as_bytes(value),
    "number": lambda name, value: 5,
}


def with_field(event: Event, name: str, operator: str, given: Any = None) -> Event:
    """The event with one field mutated. ``operator`` ``given`` puts a value there."""
    if operator == "given":
        return {**event, name: given}
    if operator == "moved":
        return _moved(event, name)
    if operator == "doubled":
        return {**event, **_moved(event, name)}
    if name not in event and name != "more_body":
        return event
    value = VALUES[operator](name, event.get(name, False))
    if value is REMOVED:
        return {key: item for key, item in event.items() if key != name}
    return {**event, name: value}


def is_of(event: Event, orders: Orders) -> bool:
    """Whether an event is of the kind that a mutant is about."""
    if event.get("type") != orders["type"]:
        return False
    own = orders["subject"].partition(".")[2]
    return own not in ("text", "bytes") or event.get(own) is not None


class Tampered:
    """One connection's receive and send with the fault in them."""

    def __init__(self, orders: Orders, receive: Receive, send: Send) -> None:
        self.orders = orders
        self.inner_receive, self.inner_send = receive, send
        self.waiting: list[Event] = []
        self.held: Event | None = None
        self.count = 0
        self.accepted = False

    def concerns(self, event: Any) -> bool:
        """Whether the fault shows at this event."""
        if not isinstance(event, dict) or not is_of(event, self.orders):
            return False
        when = self.orders["when"]
        self.count += 1
        if when in LATER:
            return {"second": self.count > 1, "unaccepted": not self.accepted, "accepted": self.accepted}[when]
        return OCCASIONS[when](event)

    async def receive(self) -> Any:
        """What a layer is given."""
        if self.waiting:
            return self.waiting.pop(0)
        event = await self.inner_receive()
        if not self.orders["inward"] or not self.concerns(event):
            return event
        match self.orders["operator"]:
            case "drop":
                return await self.receive()
            case "duplicate":
                self.waiting.append(dict(event))
                return event
            case "swap":
                following = await self.inner_receive()
                self.waiting.append(event)
                return following
            case "raise":
                raise Deliberate("the mutant's own")
            case "hang":
                await asyncio.get_running_loop().create_future()
            case "become":
                return dict(self.orders["becomes"])
        return with_field(event, self.orders["field"], self.orders["operator"], self.orders.get("given"))

    async def send(self, event: Any) -> None:
        """What a layer passes on."""
        if self.orders["subject"] == "lost":
            await self.send_to_nobody(event)
            return
        concerned = not self.orders["inward"] and self.concerns(event)
        if isinstance(event, dict) and event.get("type") == "websocket.accept":
            self.accepted = True
        if not concerned:
            await self.inner_send(event)
            held, self.held = self.held, None
            if held is not None:
                await self.inner_send(held)
            return
        match self.orders["operator"]:
            case "drop":
                return
            case "duplicate":
                await self.inner_send(event)
                await self.inner_send(dict(event))
                return
            case "swap":
                held, self.held = self.held, event
                if held is not None:
                    await self.inner_send(event)
                    await self.inner_send(held)
                    self.held = None
                return
            case "raise":
                raise Deliberate("the mutant's own")
            case "late":
                await self.inner_send(event)
                raise Deliberate("the mutant's own, after the send")
            case "hang":
                await asyncio.get_running_loop().create_future()
            case "become":
                await self.inner_send(dict(self.orders["becomes"]))
                return
        mutated = with_field(event, self.orders["field"], self.orders["operator"], self.orders.get("given"))
        await self.inner_send(mutated)

    async def send_to_nobody(self, event: Any) -> None:
        """A send whose OSError, if the connection is lost, becomes something else."""
        try:
            await self.inner_send(event)
        except OSError:
            match self.orders["operator"]:
                case "hang":
                    await asyncio.get_running_loop().create_future()
                case "swallow":
                    return
            raise Deliberate("the mutant's own, for a lost connection") from None


def tampered(orders: Orders, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """The same receive and send, with the fault in them."""
    state = Tampered(orders, receive, send)
    return state.receive, state.send
