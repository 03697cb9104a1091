"""The server refuses a message of exactly the length that it was told to take."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "limits"
LAYER = "server"
CASE = "limits.exact"


original: Any = Protocol.__init__


def init(self: Protocol, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    self.conn.max_message_size = (self.conn.max_message_size or 0) - 1


patch(Protocol, "__init__", init)

app = build()
