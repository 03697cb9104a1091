"""A send after the client has gone raises the server's own OSError."""

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
    except WebSocketDisconnect as gone:
        raise (gone.__context__ or gone) from None


patch(WebSocket, "send", send)

app = build()
