"""An ordinary Quart application: an echo, chat rooms, a feed behind a token, JSON, and a blueprint with a clock."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from quart import Blueprint, Quart, websocket

TOKEN = os.environ.get("FEED_TOKEN", "demo")
app = Quart(__name__)
rooms: dict[str, set[asyncio.Queue[str]]] = {}


def until_gone(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """End quietly where a send meets the end before Quart has cancelled the handler."""

    @wraps(handler)
    async def ends_quietly(**values: Any) -> Any:
        with suppress(OSError):
            return await handler(**values)

    return ends_quietly


@app.websocket("/echo")
@until_gone
async def echo() -> None:
    while True:
        await websocket.send(await websocket.receive())


@app.websocket("/chat/<string:room>")
@until_gone
async def chat(room: str) -> None:
    inbox: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

    async def deliver() -> None:
        while True:
            await websocket.send(await inbox.get())

    await websocket.accept()
    rooms.setdefault(room, set()).add(inbox)
    delivery = asyncio.create_task(deliver())
    try:
        while True:
            said = await websocket.receive()
            if not isinstance(said, str):
                return await websocket.close(1003, "text only")
            for member in rooms[room]:
                if not member.full():  # who does not read misses messages and holds up nobody
                    member.put_nowait(said)
    finally:
        delivery.cancel()
        await asyncio.gather(delivery, return_exceptions=True)
        rooms[room].discard(inbox)
        if not rooms[room]:
            del rooms[room]


@app.websocket("/feed")
@until_gone
async def feed() -> Any:
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), TOKEN.encode()):
        return "a token is needed", 401, {"www-authenticate": "Bearer"}
    while True:
        await websocket.send_json({"news": "nothing new"})
        await websocket.receive()


@app.websocket("/kind")
@until_gone
async def kind() -> None:
    while True:
        said = await websocket.receive()
        try:
            await websocket.send_json({"kind": type(json.loads(said or "")).__name__})
        except (ValueError, RecursionError):
            await websocket.send_json({"error": "this is not JSON"})


api = Blueprint("api", __name__, url_prefix="/api")


@api.websocket("/clock/<int:zone>")
@until_gone
async def clock(zone: int) -> None:
    while True:
        await websocket.receive()
        await websocket.send(time.strftime("%H:%M:%S", time.gmtime(time.time() + zone % 24 * 3600)))


app.register_blueprint(api)
