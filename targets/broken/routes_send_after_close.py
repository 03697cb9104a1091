"""A handler sends after its own close."""

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
        await ws.close(1000, "done")
        await ws.send_text("one more thing")


app = build(routes=[WebSocketRoute("/live", live)])
