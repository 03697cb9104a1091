"""An endpoint answers a WebSocket with HTTP events."""

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
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})


app = build(routes=[WebSocketRoute("/live", Live())])
