"""A send after the close is ignored, and no RuntimeError is raised."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from targets.broken.base import build, patch

SECTION = "illegal"
LAYER = "framework"
ALSO = ("endings",)
CASE = ""


original = WebSocket.send


async def send(self: WebSocket, message: Message) -> None:
    if self.application_state is not WebSocketState.DISCONNECTED:
        await original(self, message)


patch(WebSocket, "send", send)

app = build()
