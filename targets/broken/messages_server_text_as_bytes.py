"""The server delivers text messages as bytes."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "messages"
LAYER = "server"
ALSO = ("pings",)
CASE = ""


original: Any = Protocol.receive


async def receive(self: Protocol) -> Message:
    message: Message = {**await original(self)}
    if message.get("text") is not None:
        message["bytes"] = message.pop("text").encode()
    return message


patch(Protocol, "receive", receive)

app = build()
