"""A handler ends the whole process when it is sent a binary message."""

from __future__ import annotations

import os

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.binary*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        if message.get("text") is None:
            os._exit(70)


app = build(routes=[WebSocketRoute("/live", live)])
