"""Sanic's recv() gives bytes as text."""

from __future__ import annotations

from typing import Any

from sanic.server.websockets.connection import WebSocketConnection

from targets.broken.sanic_base import build

SECTION = "messages"
LAYER = "framework"
CASE = "messages.client.bytes"
ALSO = ()

recv = WebSocketConnection.recv


async def as_text(self: WebSocketConnection, *args: Any, **kwargs: Any) -> Any:
    data = await recv(self, *args, **kwargs)
    return data.decode("latin-1") if isinstance(data, bytes) else data


WebSocketConnection.recv = as_text  # type: ignore[method-assign]

app = build()
