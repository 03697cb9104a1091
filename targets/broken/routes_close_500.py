"""A handler closes with the code 500, which no close frame may carry."""

from __future__ import annotations

from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        await ws.send_text("hello")
        await ws.close(500, "internal error")


app = build(routes=[WebSocketRoute("/live", live)])
