"""WebSocket.receive() gives the disconnect again and does not refuse."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from targets.broken.base import build, patch

SECTION = "illegal"
LAYER = "framework"
ALSO = ("endings",)
CASE = ""


original = WebSocket.receive


async def receive(self: WebSocket) -> Message:
    if self.client_state is WebSocketState.DISCONNECTED:
        return {"type": "websocket.disconnect", "code": 1000, "reason": ""}
    return await original(self)


patch(WebSocket, "receive", receive)

app = build()
