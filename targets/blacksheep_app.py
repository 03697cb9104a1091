"""An ordinary BlackSheep application: an echo, rooms, JSON, a feed behind a token, a controller and a mounted clock."""

from __future__ import annotations

import hmac
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from blacksheep import Application, Request, Router, WebSocket, WebSocketDisconnectError
from blacksheep.server.controllers import Controller

TOKEN = os.environ.get("FEED_TOKEN", "demo")
app = Application(router=Router())
rooms: dict[str, set[WebSocket]] = {}


class NotText(Exception):
    """The client sent a binary message where only text is understood."""


@asynccontextmanager
async def conversation(websocket: WebSocket) -> AsyncIterator[None]:
    """Accept, and end quietly when the client leaves; a binary message is answered with 1003."""
    await websocket.accept()
    with suppress(WebSocketDisconnectError, OSError):
        try:
            yield
        except NotText:
            await websocket.close(1003, "text only")


async def texts(websocket: WebSocket) -> AsyncIterator[str]:
    while True:
        text = (await websocket.receive()).get("text")
        if text is None:
            raise NotText
        yield str(text)


async def timed(request: Request, handler: Callable[[Request], Awaitable[Any]]) -> Any:
    """A middleware: how long connections last."""
    begun = time.monotonic()
    try:
        return await handler(request)
    finally:
        app.logger.debug("%.3f s", time.monotonic() - begun)


app.middlewares.append(timed)


@app.router.ws("/echo")
async def echo(websocket: WebSocket) -> None:
    async with conversation(websocket):
        async for text in texts(websocket):
            await websocket.send_text(text)


@app.router.ws("/rooms/{int:number}")
async def room(websocket: WebSocket, number: int) -> None:
    members = rooms.setdefault(str(number), set())
    async with conversation(websocket):
        members.add(websocket)
        try:
            async for text in texts(websocket):
                for member in members - {websocket}:
                    with suppress(OSError):  # it is about to leave the room
                        await member.send_json({"said": text})
                await websocket.send_json({"said": text})
        finally:
            members.discard(websocket)


@app.router.ws("/kind")
async def kind(websocket: WebSocket) -> None:
    async with conversation(websocket):
        async for text in texts(websocket):
            try:
                await websocket.send_json({"kind": type(json.loads(text)).__name__})
            except (ValueError, RecursionError):
                await websocket.send_json({"error": "this is not JSON"})


@app.router.ws("/feed")
async def feed(websocket: WebSocket) -> None:
    given = websocket.get_first_header(b"authorization") or b""
    if not hmac.compare_digest(given, b"Bearer " + TOKEN.encode()):
        await websocket.close()
        return
    async with conversation(websocket):
        async for _ in texts(websocket):
            await websocket.send_text("nothing new")


class Greetings(Controller):
    @app.controllers_router.ws("/greetings/:name")
    async def greet(self, websocket: WebSocket, name: str) -> None:
        async with conversation(websocket):
            async for _ in texts(websocket):
                await websocket.send_text(f"good morning, {name}")


clock = Application(router=Router())


@clock.router.ws("/clock")
async def tell_the_time(websocket: WebSocket) -> None:
    async with conversation(websocket):
        async for _ in texts(websocket):
            await websocket.send_text(time.strftime("%H:%M:%S"))


app.mount("/api", clock)
