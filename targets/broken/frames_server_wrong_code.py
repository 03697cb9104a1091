"""uvicorn answers a frame that breaks the protocol with 1000, as if all was well."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from targets.broken.base import build, patch

SECTION = "frames"
LAYER = "server"
ALSO = ("close", "limits")
CASE = "frames.*"


def handle_parser_exception(self: WebSocketsSansIOProtocol) -> None:
    self.queue.put_nowait({"type": "websocket.disconnect", "code": 1002, "reason": ""})
    self.transport.write(b"\x88\x02\x03\xe8")
    self.close_sent = True
    self.transport.close()


patch(WebSocketsSansIOProtocol, "handle_parser_exception", handle_parser_exception)

app = build()
