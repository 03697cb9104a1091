"""The server's receive() raises RuntimeError when TCP ends without a close frame."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "lost"
LAYER = "server"
ALSO = ("endings", "handshake", "pings", "shutdown")
CASE = ""


original: Any = Protocol.receive


async def receive(self: Protocol) -> Message:
    message: Message = {**await original(self)}
    if message["type"] == "websocket.disconnect" and "reason" not in message:
        raise RuntimeError("ASGI flow error")
    return message


patch(Protocol, "receive", receive)

app = build()
