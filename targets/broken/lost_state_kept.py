"""A send after the client has gone leaves application_state CONNECTED."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from targets.broken.base import build, patch

SECTION = "lost"
LAYER = "framework"
ALSO = ("endings", "states")
CASE = ""


original = WebSocket.send


async def send(self: WebSocket, message: Message) -> None:
    try:
        await original(self, message)
    except WebSocketDisconnect:
        self.application_state = WebSocketState.CONNECTED
        raise


patch(WebSocket, "send", send)

app = build()
