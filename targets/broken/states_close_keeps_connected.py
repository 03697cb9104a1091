"""After close() application_state is CONNECTED again."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from targets.broken.base import build, patch

SECTION = "states"
LAYER = "framework"
CASE = ""


original = WebSocket.send


async def send(self: WebSocket, message: Message) -> None:
    await original(self, message)
    if message["type"] == "websocket.close":
        self.application_state = WebSocketState.CONNECTED


patch(WebSocket, "send", send)

app = build()
