"""WebSocket.iter_bytes() ends after its first message."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build, patch

SECTION = "iteration"
LAYER = "framework"
CASE = ""


async def iter_bytes(self: WebSocket) -> AsyncIterator[bytes]:
    try:
        yield await self.receive_bytes()
    except WebSocketDisconnect:
        pass


patch(WebSocket, "iter_bytes", iter_bytes)

app = build()
