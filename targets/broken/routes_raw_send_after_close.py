"""A bare ASGI endpoint sends after its own close."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from targets.broken.base import build

SECTION = "routes"
LAYER = "application"
CASE = "route.*"


class Live:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000, "reason": ""})
        await send({"type": "websocket.send", "text": "one more thing"})


app = build(routes=[WebSocketRoute("/live", Live())])
