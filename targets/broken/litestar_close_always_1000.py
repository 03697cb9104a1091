"""Litestar's close() sends 1000, whatever code it was given."""

from __future__ import annotations

from typing import Any

from litestar import WebSocket

from targets.broken.litestar_base import build

SECTION = "close"
LAYER = "framework"
CASE = "close.app.code"

original = WebSocket.close


async def close(self: WebSocket[Any, Any, Any], code: int = 1000, reason: str | None = None) -> None:
    await original(self, 1000, reason)


WebSocket.close = close  # type: ignore[method-assign]

app = build()
