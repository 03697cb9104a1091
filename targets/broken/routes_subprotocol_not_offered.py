"""A handler accepts with a subprotocol that the client has not offered."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import answer, build

SECTION = "routes"
LAYER = "application"
CASE = "route.*"


async def live(ws: WebSocket) -> None:
    await ws.accept(subprotocol="chat.v2")
    await answer(ws)


app = build(routes=[WebSocketRoute("/live", live)])
