"""A handler looks the client's code up in an enum that knows the codes of RFC 6455 and its own only."""

from __future__ import annotations

from enum import IntEnum

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.close-1012*"


class Code(IntEnum):
    DONE = 1000
    AWAY = 1001
    PROTOCOL = 1002
    NONE = 1005
    LOST = 1006
    POLICY = 1008
    FAILED = 1011
    KICKED = 4001


async def live(ws: WebSocket) -> None:
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    Code(message["code"])


app = build(routes=[WebSocketRoute("/live", live)])
