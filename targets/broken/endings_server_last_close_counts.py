"""Of two Close frames that arrive together the server takes the second."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "endings"
LAYER = "server"
CASE = "endings.client.closes-twice"


original: Any = Protocol.data_received


def data_received(self: Protocol, data: bytes) -> None:
    behind = data[6 + (data[1] & 127) :] if data[:1] == b"\x88" and len(data) > 1 else b""
    original(self, behind if behind[:1] == b"\x88" else data)


patch(Protocol, "data_received", data_received)

app = build()
