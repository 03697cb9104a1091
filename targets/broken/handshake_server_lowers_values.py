"""The server puts the values of the accept headers in lower case."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "handshake"
LAYER = "server"
CASE = ""


original: Any = Protocol.send


async def send(self: Protocol, message: Message) -> None:
    if message["type"] == "websocket.accept":
        message = {**message, "headers": [(name, value.lower()) for name, value in message.get("headers", ())]}
    await original(self, message)


patch(Protocol, "send", send)

app = build()
