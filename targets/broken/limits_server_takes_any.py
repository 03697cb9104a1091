"""The server forgets its limit: messages of any length arrive."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "limits"
LAYER = "server"
CASE = "limits.over"


original: Any = Protocol.__init__


def init(self: Protocol, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    self.conn.max_message_size = None


patch(Protocol, "__init__", init)

app = build()
