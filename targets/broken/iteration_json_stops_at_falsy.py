"""WebSocket.iter_json() takes a falsy value (0, null, {}) for the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import build, patch

SECTION = "iteration"
LAYER = "framework"
CASE = ""


async def iter_json(self: WebSocket) -> AsyncIterator[Any]:
    try:
        while value := await self.receive_json():
            yield value
    except WebSocketDisconnect:
        pass


patch(WebSocket, "iter_json", iter_json)

app = build()
