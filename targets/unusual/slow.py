"""Everything is late: each event waits on its way, in both directions, and the handler takes its time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

LATE = 0.01


class Late:
    """Holds every event up, and loses none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_late() -> Message:
            message = await receive()
            await asyncio.sleep(LATE)
            return message

        async def send_late(message: Message) -> None:
            await asyncio.sleep(LATE)
            await send(message)

        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        else:
            await self.app(scope, receive_late, send_late)


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await asyncio.sleep(LATE)
            await ws.send({**message, "type": "websocket.send"})


async def thoughtful(ws: WebSocket) -> None:
    """It answers a message after a while, and takes leave as slowly."""
    await ws.accept()
    try:
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                break
    finally:
        await asyncio.sleep(0.2)


app = Starlette(
    routes=[WebSocketRoute("/echo", echo), WebSocketRoute("/thoughtful", thoughtful)], middleware=[Middleware(Late)]
)
