"""A handler expects the client to leave while it receives, and not while it sends."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.while-app-sends*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        await ws.send_text(message.get("text") or "")


app = build(routes=[WebSocketRoute("/live", live)])
