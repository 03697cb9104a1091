"""A handler closes once more, with 1011, when the client has closed with 1011."""

from __future__ import annotations

from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-1011*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] == 1011:
        with suppress(WebSocketDisconnect, RuntimeError):
            await ws.close(1011)


app = build(routes=[WebSocketRoute("/live", live)])
