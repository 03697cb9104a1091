"""Starlette's own code fails in every class-based endpoint, before the endpoint's own code is called again."""

from __future__ import annotations

import starlette.endpoints
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from targets.broken.base import build

SECTION = "routes"
LAYER = "framework"
CASE = "route.close-1000*"


class Live(starlette.endpoints.WebSocketEndpoint):
    async def on_connect(self, websocket: WebSocket) -> None:
        await websocket.accept()


starlette.endpoints.status = None  # type: ignore[assignment]
app = build(routes=[WebSocketRoute("/live", Live)])
