"""A disconnect sets application_state DISCONNECTED too."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from targets.broken.base import build, patch

SECTION = "states"
LAYER = "framework"
ALSO = ("endings",)
CASE = ""


original = WebSocket.receive


async def receive(self: WebSocket) -> Message:
    message = await original(self)
    if message["type"] == "websocket.disconnect":
        self.application_state = WebSocketState.DISCONNECTED
    return message


patch(WebSocket, "receive", receive)

app = build()
