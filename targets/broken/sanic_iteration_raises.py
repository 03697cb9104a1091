"""Sanic's websocket can be iterated over, and its iteration ends with an exception."""

from __future__ import annotations

from typing import Any

from sanic.server.websockets.connection import WebSocketConnection

from targets.broken.sanic_base import build

SECTION = "iteration"
LAYER = "framework"
CASE = "iteration.ends"
ALSO = ()


async def messages(self: WebSocketConnection) -> Any:
    while (data := await self.recv()) is not None:
        yield data
    raise EOFError


WebSocketConnection.__aiter__ = messages  # type: ignore[attr-defined]

app = build()
