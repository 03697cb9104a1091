"""The server answers a close before accept with 404 and not 403."""

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
    if message["type"] == "websocket.close" and not self.handshake_complete:
        await original(self, {"type": "websocket.http.response.start", "status": 404, "headers": []})
        await original(self, {"type": "websocket.http.response.body", "body": b"", "more_body": False})
    else:
        await original(self, message)


patch(Protocol, "send", send)

app = build()
