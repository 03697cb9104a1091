"""An operation that is refused leaves application_state DISCONNECTED."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketState

from targets.broken.base import build, patch

SECTION = "illegal"
LAYER = "framework"
ALSO = ("states",)
CASE = ""


original = WebSocket.send


async def send(self: WebSocket, message: Message) -> None:
    try:
        await original(self, message)
    except RuntimeError:
        self.application_state = WebSocketState.DISCONNECTED
        raise


patch(WebSocket, "send", send)

app = build()
