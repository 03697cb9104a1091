"""The server leaves the application's reason out of the close frame."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "close"
LAYER = "server"
CASE = ""


original: Any = Protocol.send


async def send(self: Protocol, message: Message) -> None:
    if message["type"] == "websocket.close":
        message = {**message, "reason": ""}
    await original(self, message)


patch(Protocol, "send", send)

app = build()
