"""The server refuses a receive() that is to wait for what comes behind the accept."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "messages"
LAYER = "server"
CASE = "messages.client.waited-for"
# A client that leaves before the accept meets the same.
ALSO = ("handshake", "shutdown")


original: Any = Protocol.receive


async def receive(self: Protocol) -> Any:
    if self.handshake_initiated and self.queue.empty() and not self.handshake_complete:
        raise RuntimeError("the handshake has not been answered")
    return await original(self)


patch(Protocol, "receive", receive)

app = build()
