"""A handler closes with a reason of more than 123 bytes."""

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
        await ws.close(4000, "please come back later " * 8)


app = build(routes=[WebSocketRoute("/live", live)])
