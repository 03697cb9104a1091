"""Sanic's send() sends text as bytes."""

from __future__ import annotations

from typing import Any

from sanic.server.websockets.connection import WebSocketConnection

from targets.broken.sanic_base import build

SECTION = "messages"
LAYER = "framework"
CASE = "messages.app.text"
ALSO = ()

send = WebSocketConnection.send


async def as_bytes(self: WebSocketConnection, data: Any, *args: Any, **kwargs: Any) -> None:
    await send(self, data.encode() if isinstance(data, str) else data)


WebSocketConnection.send = as_bytes  # type: ignore[method-assign]

app = build()
