"""A handler waits for ever for a new login of a client that has closed with 3000 (unauthorized)."""

from __future__ import annotations

import asyncio

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-3000*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] == 3000:
        await asyncio.Event().wait()


app = build(routes=[WebSocketRoute("/live", live)])
