"""The server shuts down and cancels its applications instead of telling them."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "shutdown"
LAYER = "server"
CASE = "shutdown.open"


original: Any = Protocol.shutdown


def shutdown(self: Protocol) -> None:
    for task in self.tasks:
        task.cancel()
    original(self)


patch(Protocol, "shutdown", shutdown)

app = build()
