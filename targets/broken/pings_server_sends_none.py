"""The server sends no pings, though it was told how often."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "pings"
LAYER = "server"
CASE = "pings.answered"



def schedule_ping(self: Protocol) -> None:
    pass


patch(Protocol, "schedule_ping", schedule_ping)

app = build()
