"""A handler raises when it is sent what is not JSON."""

from __future__ import annotations

import json
from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.not-json*"


async def live(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send_json(json.loads(message.get("text") or message.get("bytes") or "null"))


app = build(routes=[WebSocketRoute("/live", live)])
