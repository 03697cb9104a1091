"""A handler tries for ever to accept a client that has left."""

from __future__ import annotations

import asyncio

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import answer, build

SECTION = "routes"
LAYER = "application"
CASE = "route.before-accept*"


async def live(ws: WebSocket) -> None:
    await asyncio.sleep(0.3)  # as if it looked something up
    while True:
        try:
            await ws.accept()
            break
        except Exception:
            await asyncio.sleep(0.05)
    await answer(ws)


app = build(routes=[WebSocketRoute("/live", live)])
