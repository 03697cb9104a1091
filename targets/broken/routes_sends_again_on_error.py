"""A handler sends its last message again when the client closes because it could not use it."""

from __future__ import annotations

from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-1002*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] in (1002, 1003, 1007):
        with suppress(WebSocketDisconnect):
            await ws.send_text("once more")


app = build(routes=[WebSocketRoute("/live", live)])
