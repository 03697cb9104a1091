"""A handler warns a client that has vanished after it had sent something."""

from __future__ import annotations

from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.mid-message*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    draft = ""
    while (message := await ws.receive())["type"] == "websocket.receive":
        draft = message.get("text") or ""
    if draft and message["code"] in (1005, 1006):
        with suppress(WebSocketDisconnect):
            await ws.send_text("your draft is lost")


app = build(routes=[WebSocketRoute("/live", live)])
