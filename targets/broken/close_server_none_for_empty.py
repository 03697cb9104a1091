"""The server reports the code None for an empty close frame."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "close"
LAYER = "server"
CASE = ""


original: Any = Protocol.receive


async def receive(self: Protocol) -> Message:
    message: Message = {**await original(self)}
    if message.get("code") == 1005 and "reason" in message:
        message["code"] = None
    return message


patch(Protocol, "receive", receive)

app = build()
