"""It talks without being asked: greetings, ticks, several answers to one message, headers on every handshake."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


class Headers:
    """Adds many headers, some twice, to each accepted handshake."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "websocket.accept":
                added = [(b"x-number", str(n).encode()) for n in range(20)]
                message = {**message, "headers": [*added, *message.get("headers", ())]}
            await send(message)

        await self.app(scope, receive, send_with_headers)


async def talk(ws: WebSocket) -> None:
    """Three words of greeting, three answers to everything."""
    await ws.accept(headers=[(b"x-talks", b"yes")])
    with suppress(WebSocketDisconnect):
        for word in ("hello", "and", "welcome"):
            await ws.send_text(word)
        while (message := await ws.receive())["type"] == "websocket.receive":
            size = len(message.get("text") or message.get("bytes") or "")
            await ws.send_json({"size": size})
            await ws.send_bytes(b"\x00" * min(size, 64))
            await ws.send_text("")


async def ticks(ws: WebSocket) -> None:
    """It sends all the time from a task of its own, until the client leaves."""
    await ws.accept()

    async def tick() -> None:
        with suppress(WebSocketDisconnect):
            while True:
                await ws.send_text("tick")
                await asyncio.sleep(0.01)

    task = asyncio.create_task(tick())
    try:
        while (await ws.receive())["type"] != "websocket.disconnect":
            pass
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


app = Starlette(
    routes=[WebSocketRoute("/talk", talk), WebSocketRoute("/ticks", ticks)], middleware=[Middleware(Headers)]
)
