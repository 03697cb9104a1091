"""Broken handlers: bare ASGI endpoints that are right but for one fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.routing import WebSocketRoute

from .tamper import Deliberate, Orders, Receive, Send, tampered

ACCEPT = {"type": "websocket.accept", "subprotocol": None, "headers": [(b"x-one", b"1")]}
# The connections that are open, for a handler that disturbs the others.
_open: list[Send] = []
_tasks: set[asyncio.Task[None]] = set()


async def echo(receive: Receive, send: Send) -> None:
    """Accept, and send every message back until the client leaves."""
    if (await receive())["type"] != "websocket.connect":
        return
    await send(dict(ACCEPT))
    while (event := await receive())["type"] == "websocket.receive":
        answer = {"text": event["text"]} if event.get("text") is not None else {"bytes": event["bytes"]}
        try:
            await send({"type": "websocket.send", **answer})
        except OSError:
            return


async def closing(receive: Receive, send: Send) -> None:
    """Accept and close."""
    await receive()
    await send(dict(ACCEPT))
    await send({"type": "websocket.close", "code": 4000, "reason": "done"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def refusing(receive: Receive, send: Send) -> None:
    """Close before the accept."""
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": "no"})


async def denying(receive: Receive, send: Send) -> None:
    """Deny the handshake with HTTP 401."""
    await receive()
    start = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"content-type", b"text/plain")]}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b"who are you?", "more_body": False})


HANDLERS = {"echo": echo, "closing": closing, "refusing": refusing, "denying": denying}


class Endpoint:
    """A handler as an ASGI endpoint, with a fault in its receive and send or at an end of the connection."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.handler = HANDLERS[orders.get("handler", "echo")]

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if self.orders.get("kind") == "events":
            receive, send = tampered(self.orders, receive, send)
        elif self.orders.get("kind") == "behaviour":
            receive, send = self.misbehaving(receive, send)
        _open.append(send)
        try:
            await self.handler(receive, send)
        except OSError:
            pass
        finally:
            _open.remove(send)

    def misbehaving(self, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """The same receive and send, of which one misbehaves at what the mutant is about."""
        subject = self.orders["subject"]
        operator = self.orders["operator"]

        async def watched_receive() -> Any:
            event = await receive()
            told = event["type"] == "websocket.disconnect"
            if (
                subject == "message" and event["type"] == "websocket.receive" and _meant(event, self.orders["when"])
            ) or (subject == "departure" and told):
                await misbehave(operator, send)
            return event

        async def watched_send(event: Any) -> None:
            try:
                await send(event)
            except OSError:
                if subject == "failed-send":
                    await misbehave(operator, send)
                raise

        return watched_receive, watched_send


def _meant(event: Any, when: str) -> bool:
    text, data = event.get("text"), event.get("bytes")
    match when:
        case "binary":
            return bool(data is not None)
        case "empty":
            return bool(text == "")
        case "not-json":
            return isinstance(text, str) and text.startswith("{")
        case "large":
            return isinstance(text, str) and len(text) > 100_000
    return bool(text is not None)


async def misbehave(operator: str, send: Send) -> None:
    """One of the things that a handler must not do."""
    match operator:
        case "raise":
            raise Deliberate("the mutant's own")
        case "hang":
            await asyncio.get_running_loop().create_future()
        case "send":
            await send({"type": "websocket.send", "text": "goodbye"})
        case "close":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})
        case "leave-task":
            task = asyncio.create_task(asyncio.sleep(3600))
            _tasks.add(task)
        case "block":
            time.sleep(4)  # noqa: ASYNC251
        case "disturb":
            for other in _open:
                if other is not send:
                    await other({"type": "websocket.close", "code": 1011, "reason": "failed"})
        case "exit":
            import os

            os._exit(3)


def routes(orders: Orders) -> list[WebSocketRoute]:
    """The one route that the mutant is in, or a right one."""
    return [WebSocketRoute("/" + orders.get("handler", "echo"), Endpoint(orders))]


KINDS: dict[str, Callable[[Orders], None]] = {"events": lambda orders: None, "behaviour": lambda orders: None}
