"""The server refuses a send to a client that has gone with RuntimeError, which is no OSError."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "lost"
LAYER = "server"
ALSO = ("endings", "handshake")
CASE = ""


original: Any = Protocol.send


async def send(self: Protocol, message: Message) -> None:
    try:
        await original(self, message)
    except ClientDisconnected as gone:
        raise RuntimeError("the connection is closed") from gone


patch(Protocol, "send", send)

app = build()
