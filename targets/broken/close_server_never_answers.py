"""The server ends TCP without answering the client's close frame."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol
from websockets.frames import Frame

from targets.broken.base import build, patch

SECTION = "close"
LAYER = "server"
CASE = ""


original: Any = Protocol.handle_close


def handle_close(self: Protocol, event: Frame) -> None:
    self.conn.data_to_send()  # the answer, thrown away
    original(self, event)


patch(Protocol, "handle_close", handle_close)

app = build()
