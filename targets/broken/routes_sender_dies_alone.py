"""A handler waits for ever to hand a message to its sender, which has ended because the client has gone."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.stops-reading*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    queue: asyncio.Queue[str] = asyncio.Queue(16)

    async def deliver() -> None:
        with suppress(WebSocketDisconnect):
            while True:
                await ws.send_text(await queue.get())

    sender = asyncio.create_task(deliver())
    try:
        while (message := await ws.receive())["type"] == "websocket.receive":
            await queue.put(message.get("text") or "")
    finally:
        sender.cancel()


app = build(routes=[WebSocketRoute("/live", live)])
