"""The server shuts down and drops its connections without a Close frame."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "shutdown"
LAYER = "server"
CASE = "shutdown.open"



def shutdown(self: Protocol) -> None:
    self.stop_keepalive()
    self.queue.put_nowait({"type": "websocket.disconnect", "code": 1012})
    self.transport.close()


patch(Protocol, "shutdown", shutdown)

app = build()
