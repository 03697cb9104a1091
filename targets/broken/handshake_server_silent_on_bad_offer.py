"""The server reads no further, and says nothing, where an offered subprotocol has a byte above 127."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "handshake"
LAYER = "server"
CASE = "handshake.malformed.subprotocol"


original: Any = Protocol.handle_connect


def handle_connect(self: Protocol, event: Any) -> None:
    offered = "".join(event.headers.get_all("Sec-WebSocket-Protocol"))
    if offered.isascii():
        original(self, event)


patch(Protocol, "handle_connect", handle_connect)

app = build()
