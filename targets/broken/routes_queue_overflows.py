"""A handler puts what it receives into a queue of 100 and does not wait where that is full."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.burst*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    queue: asyncio.Queue[Any] = asyncio.Queue(100)

    async def work() -> None:
        while True:
            await queue.get()

    worker = asyncio.create_task(work())
    try:
        while (message := await ws.receive())["type"] == "websocket.receive":
            queue.put_nowait(message)
    finally:
        worker.cancel()


app = build(routes=[WebSocketRoute("/live", live)])
