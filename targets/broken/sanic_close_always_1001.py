"""Sanic closes with 1001, whatever code the handler chose, and without its reason."""

from __future__ import annotations

from typing import Any

from sanic.server.websockets.connection import WebSocketConnection

from targets.broken.sanic_base import build

SECTION = "close"
LAYER = "framework"
CASE = "close.app.code"
ALSO = ()


async def always_1001(self: WebSocketConnection, code: int = 1000, reason: str = "") -> Any:
    await self._send({"type": "websocket.close", "code": 1001})


WebSocketConnection.close = always_1001  # type: ignore[method-assign]

app = build()
