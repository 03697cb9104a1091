"""The server hands on what a client sends behind its Close frame."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "endings"
LAYER = "server"
CASE = "endings.client.data-after-close"


original: Any = Protocol.data_received


def data_received(self: Protocol, data: bytes) -> None:
    behind = data[6 + (data[1] & 127) :] if data[:1] == b"\x88" and len(data) > 1 else b""
    if behind and behind[0] & 15 in (1, 2):
        self.queue.put_nowait({"type": "websocket.receive", "text": "late"})
    original(self, data)


patch(Protocol, "data_received", data_received)

app = build()
