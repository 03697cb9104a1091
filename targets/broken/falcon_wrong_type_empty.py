"""Falcon's receive_text() gives an empty text for a binary message."""

from __future__ import annotations

from falcon import PayloadTypeError
from falcon.asgi import WebSocket

from targets.broken.falcon_base import build

SECTION = "messages"
LAYER = "framework"
CASE = "messages.client.wrong-kind"

original = WebSocket.receive_text


async def receive_text(self: WebSocket) -> str:
    try:
        return await original(self)
    except PayloadTypeError:
        return ""


WebSocket.receive_text = receive_text  # type: ignore[method-assign]

app = build()
