"""Starlette loses the reason of the client's close on its way into WebSocketDisconnect."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "close"
LAYER = "framework"
CASE = ""


original = WebSocket._raise_on_disconnect


def raise_on_disconnect(self: WebSocket, message: Message) -> None:
    original(self, {**message, "reason": None})


patch(WebSocket, "_raise_on_disconnect", raise_on_disconnect)

app = build()
