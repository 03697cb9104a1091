"""The server does not mind when its pings are not answered."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "pings"
LAYER = "server"
CASE = "pings.unanswered"



def keepalive_timeout(self: Protocol) -> None:
    pass


patch(Protocol, "keepalive_timeout", keepalive_timeout)

app = build()
