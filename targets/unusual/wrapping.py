"""Middleware that wraps receive and send: a task reads ahead into a queue, and a lock lets one send pass at a time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


class ReadsAhead:
    """Receives in a task of its own; what it has read is handed on in order."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        queue: asyncio.Queue[Message] = asyncio.Queue()

        async def read() -> None:
            while True:
                message = await receive()
                queue.put_nowait(message)
                if message["type"] == "websocket.disconnect":
                    return

        reader = asyncio.create_task(read())
        try:
            await self.app(scope, queue.get, send)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


class OneAtATime:
    """Counts what passes, and lets no two sends overlap."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.passed = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lock = asyncio.Lock()

        async def send_alone(message: Message) -> None:
            async with lock:
                self.passed += 1
                await send(dict(message))

        async def receive_counted() -> Message:
            message = await receive()
            self.passed += 1
            return dict(message)

        await self.app(dict(scope), receive_counted, send_alone)


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


app = Starlette(routes=[WebSocketRoute("/echo", echo)], middleware=[Middleware(ReadsAhead), Middleware(OneAtATime)])
