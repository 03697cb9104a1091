"""The server ends a connection a second after it was made, as if it were an idle one of HTTP."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "pings"
LAYER = "server"
CASE = "pings.idle"


original: Any = Protocol.handle_connect


def handle_connect(self: Protocol, event: Any) -> None:
    original(self, event)
    if self.ping_interval is not None and self.ping_interval < 1:
        self.loop.call_later(1, self.transport.close)


patch(Protocol, "handle_connect", handle_connect)

app = build()
