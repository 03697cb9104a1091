"""Litestar's iter_data() lets WebSocketDisconnect out when the client leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from litestar import WebSocket

from targets.broken.litestar_base import build

SECTION = "iteration"
LAYER = "framework"
CASE = "iteration.*"


async def iter_data(self: WebSocket[Any, Any, Any], mode: Any = "text") -> AsyncGenerator[Any, None]:
    while True:
        yield await self.receive_data(mode)


WebSocket.iter_data = iter_data  # type: ignore[method-assign, assignment]

app = build()
