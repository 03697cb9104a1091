"""The server takes no pong for an answer, and ends whoever it pings."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "pings"
LAYER = "server"
CASE = "pings.answered"



def handle_pong(self: Protocol, event: Any) -> None:
    pass


patch(Protocol, "handle_pong", handle_pong)

app = build()
