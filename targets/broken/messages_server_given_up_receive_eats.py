"""A receive() that was given up still takes the next message, and throws it away."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "messages"
LAYER = "server"
CASE = "messages.client.receive-given-up"


original: Any = Protocol.receive


async def receive(self: Protocol) -> Any:
    return await asyncio.shield(asyncio.ensure_future(original(self)))


patch(Protocol, "receive", receive)

app = build()
