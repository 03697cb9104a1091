"""A WebSocket class of its own, made from the one that the route is given."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


class Socket(WebSocket):
    """Counts messages, and closes politely."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.count = 0

    async def receive(self) -> Message:
        """The next event, counted."""
        message = await super().receive()
        self.count += 1
        return message

    async def send_text(self, data: str) -> None:
        """A text with its number."""
        await super().send_text(f"{self.count} {data}")

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close with a reason, always."""
        await super().close(code, reason or "goodbye")


def with_socket(handler: Callable[[Socket], Coroutine[Any, Any, None]]) -> Any:
    """An ASGI endpoint that gives its handler the class of our own."""

    class Endpoint:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await handler(Socket(scope, receive, send))

    return Endpoint()


async def counted(ws: Socket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            if message.get("text") is None:
                await ws.close(1003)
                return
            await ws.send_text(message["text"])


async def converted(ws: WebSocket) -> None:
    """The class is made inside of an ordinary handler."""
    await counted(Socket(ws.scope, ws.receive, ws.send))


app = Starlette(routes=[WebSocketRoute("/own", with_socket(counted)), WebSocketRoute("/converted", converted)])
