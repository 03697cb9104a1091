"""A handler blocks the event loop when the client closes with 4001."""

from __future__ import annotations

import time

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-4001*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] == 4001:
        time.sleep(60)  # noqa: ASYNC251


app = build(routes=[WebSocketRoute("/live", live)])
