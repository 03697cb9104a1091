"""A handler leaves its heartbeat task behind."""

from __future__ import annotations

import asyncio

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import answer, build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-1000*"


heartbeats: set[asyncio.Task[None]] = set()


async def heartbeat() -> None:
    for _ in range(10_000):
        await asyncio.sleep(0.5)


async def live(ws: WebSocket) -> None:
    await ws.accept()
    heartbeats.add(asyncio.create_task(heartbeat()))
    await answer(ws)


app = build(routes=[WebSocketRoute("/live", live)])
