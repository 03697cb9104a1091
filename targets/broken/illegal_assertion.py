"""An operation that is refused raises AssertionError and not RuntimeError."""

from __future__ import annotations

from starlette.types import Message
from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "illegal"
LAYER = "framework"
ALSO = ("endings",)
CASE = ""


original = WebSocket.send


async def send(self: WebSocket, message: Message) -> None:
    try:
        await original(self, message)
    except RuntimeError as error:
        raise AssertionError(str(error)) from error


patch(WebSocket, "send", send)

app = build()
