"""A handler says goodbye to a client that goes away (1001)."""

from __future__ import annotations

from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-1001*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] == 1001:
        with suppress(WebSocketDisconnect):
            await ws.send_text("see you")


app = build(routes=[WebSocketRoute("/live", live)])
