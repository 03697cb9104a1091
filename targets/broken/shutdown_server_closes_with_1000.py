"""The server shuts down and closes with 1000, as if the talk was over."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "shutdown"
LAYER = "server"
CASE = "shutdown.open"


original: Any = Protocol.shutdown


def shutdown(self: Protocol) -> None:
    send_close = self.conn.send_close
    self.conn.send_close = lambda code: send_close(1000)  # type: ignore[method-assign,assignment]
    original(self)


patch(Protocol, "shutdown", shutdown)

app = build()
