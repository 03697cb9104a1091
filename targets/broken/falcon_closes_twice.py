"""Falcon's close() sends a second close where the WebSocket is closed already."""

from __future__ import annotations

from falcon.asgi import WebSocket

from targets.broken.falcon_base import build

SECTION = "falcon"
LAYER = "framework"
CASE = "falcon.close.again"

original = WebSocket.close


async def close(self: WebSocket, code: int | None = None, reason: str | None = None) -> None:
    if self.closed and code is not None:
        await self._asgi_send({"type": "websocket.close", "code": code})
    await original(self, code, reason)


WebSocket.close = close  # type: ignore[method-assign]

app = build()
