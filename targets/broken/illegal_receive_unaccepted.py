"""WebSocket.receive_text() before accept() returns an empty text and does not refuse."""

from __future__ import annotations

from starlette.websockets import WebSocket, WebSocketState

from targets.broken.base import build, patch

SECTION = "illegal"
LAYER = "framework"
ALSO = ("states",)
CASE = ""


original = WebSocket.receive_text


async def receive_text(self: WebSocket) -> str:
    return "" if self.application_state is WebSocketState.CONNECTING else await original(self)


patch(WebSocket, "receive_text", receive_text)

app = build()
