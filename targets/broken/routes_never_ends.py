"""A handler waits for ever after the client has left."""

from __future__ import annotations

import asyncio

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import answer, build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-1000*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    await answer(ws)
    await asyncio.Event().wait()


app = build(routes=[WebSocketRoute("/live", live)])
