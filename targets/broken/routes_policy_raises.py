"""A handler raises PermissionError when the client closes because of its policy (1008)."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-1008*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] == 1008:
        raise PermissionError("the client has refused")


app = build(routes=[WebSocketRoute("/live", live)])
