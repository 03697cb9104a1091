"""Sanic's recv() returns an empty text when the client has left."""

from __future__ import annotations

from typing import Any

from sanic.server.websockets.connection import WebSocketConnection

from targets.broken.sanic_base import build

SECTION = "lost"
LAYER = "framework"
CASE = "lost.open"
ALSO = ("close", "messages", "frames", "middleware")

recv = WebSocketConnection.recv


async def empty_at_the_end(self: WebSocketConnection, *args: Any, **kwargs: Any) -> Any:
    data = await recv(self, *args, **kwargs)
    return "" if data is None else data


WebSocketConnection.recv = empty_at_the_end  # type: ignore[method-assign]

app = build()
