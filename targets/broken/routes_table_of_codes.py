"""A handler looks a code of its own range up in a table that is too short."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-4999*"

REASONS = ("left", "kicked", "moved")


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] >= 4000:
        REASONS[message["code"] - 4000]


app = build(routes=[WebSocketRoute("/live", live)])
