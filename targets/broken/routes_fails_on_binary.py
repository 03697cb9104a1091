"""A handler raises KeyError when it is sent a binary message."""

from __future__ import annotations

from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.binary*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while True:
            await ws.send_text(await ws.receive_text())


app = build(routes=[WebSocketRoute("/live", live)])
