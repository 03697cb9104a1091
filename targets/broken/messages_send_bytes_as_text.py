"""WebSocket.send_bytes() sends a text message."""

from __future__ import annotations

from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "messages"
LAYER = "framework"
CASE = ""


async def send_bytes(self: WebSocket, data: bytes) -> None:
    await self.send({"type": "websocket.send", "text": data.decode("latin-1")})


patch(WebSocket, "send_bytes", send_bytes)

app = build()
