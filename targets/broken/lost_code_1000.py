"""A send after the client has gone raises WebSocketDisconnect with code 1000 and not 1006."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build, patch

SECTION = "lost"
LAYER = "framework"
ALSO = ("endings",)
CASE = ""


original = WebSocket.send


async def send(self: WebSocket, message: Message) -> None:
    try:
        await original(self, message)
    except WebSocketDisconnect:
        raise WebSocketDisconnect(1000) from None


patch(WebSocket, "send", send)

app = build()
