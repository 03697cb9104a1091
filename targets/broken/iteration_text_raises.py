"""WebSocket.iter_text() raises WebSocketDisconnect at the end of the iteration."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "iteration"
LAYER = "framework"
CASE = ""


async def iter_text(self: WebSocket) -> AsyncIterator[str]:
    while True:
        yield await self.receive_text()


patch(WebSocket, "iter_text", iter_text)

app = build()
