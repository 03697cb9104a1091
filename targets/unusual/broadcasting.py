"""Rooms: what one client says goes to all, directly or through a queue for each subscriber."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

room: set[WebSocket] = set()
subscribers: set[asyncio.Queue[str]] = set()


async def tell(other: WebSocket, text: str) -> None:
    """One whose connection is gone is passed over; its own handler takes it out."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await other.send_text(text)


async def chat(ws: WebSocket) -> None:
    """To all who are there, at the same time."""
    await ws.accept()
    room.add(ws)
    try:
        while (message := await ws.receive())["type"] == "websocket.receive":
            text = message.get("text") or "bytes"
            await asyncio.gather(*(tell(other, text) for other in tuple(room)))
    finally:
        room.discard(ws)


async def subscribe(ws: WebSocket) -> None:
    """A queue for each subscriber, and a task that empties it; whichever of the two ends first ends the other."""
    await ws.accept()
    queue: asyncio.Queue[str] = asyncio.Queue(maxsize=1000)
    subscribers.add(queue)

    async def listen() -> None:
        while (message := await ws.receive())["type"] == "websocket.receive":
            for one in subscribers:
                if not one.full():
                    one.put_nowait(message.get("text") or "bytes")

    async def pass_on() -> None:
        with suppress(WebSocketDisconnect):
            while True:
                await ws.send_text(await queue.get())

    tasks = {asyncio.create_task(listen()), asyncio.create_task(pass_on())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        subscribers.discard(queue)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


app = Starlette(routes=[WebSocketRoute("/chat", chat), WebSocketRoute("/subscribe", subscribe)])
