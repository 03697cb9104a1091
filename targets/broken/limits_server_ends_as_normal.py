"""The server ends a connection because of a long message with 1000."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "limits"
LAYER = "server"
ALSO = ("close", "frames")
CASE = "limits.over"


def handle_parser_exception(self: Protocol) -> None:
    self.queue.put_nowait({"type": "websocket.disconnect", "code": 1009})
    self.close_sent = True
    self.transport.write(b"\x88\x02\x03\xe8")
    self.transport.close()


patch(Protocol, "handle_parser_exception", handle_parser_exception)

app = build()
