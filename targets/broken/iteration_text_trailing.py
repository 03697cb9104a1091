"""WebSocket.iter_text() gives one empty text more when the client leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build, patch

SECTION = "iteration"
LAYER = "framework"
CASE = ""


async def iter_text(self: WebSocket) -> AsyncIterator[str]:
    try:
        while True:
            yield await self.receive_text()
    except WebSocketDisconnect:
        yield ""


patch(WebSocket, "iter_text", iter_text)

app = build()
