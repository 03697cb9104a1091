"""Starlette raises WebSocketDisconnect with code 1000, whatever the event said."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "close"
LAYER = "framework"
ALSO = ("lost",)
CASE = ""


original = WebSocket._raise_on_disconnect


def raise_on_disconnect(self: WebSocket, message: Message) -> None:
    original(self, {**message, "code": 1000})


patch(WebSocket, "_raise_on_disconnect", raise_on_disconnect)

app = build()
