"""uvicorn tells the application of a frame that breaks the protocol and leaves the connection open."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from targets.broken.base import build, patch

SECTION = "frames"
LAYER = "server"
ALSO = ("close", "limits")
CASE = "frames.*"


def handle_parser_exception(self: WebSocketsSansIOProtocol) -> None:
    self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
    self.close_sent = True


patch(WebSocketsSansIOProtocol, "handle_parser_exception", handle_parser_exception)

app = build()
