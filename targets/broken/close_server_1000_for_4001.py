"""The server reports 1000 when the client closes with 4001."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "close"
LAYER = "server"
ALSO = ("endings",)
CASE = ""


original: Any = Protocol.receive


async def receive(self: Protocol) -> Message:
    message: Message = {**await original(self)}
    if message.get("code") == 4001:
        message["code"] = 1000
    return message


patch(Protocol, "receive", receive)

app = build()
