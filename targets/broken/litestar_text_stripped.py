"""Litestar takes the blanks and line ends off what it receives."""

from __future__ import annotations

from typing import Any

from litestar import WebSocket

from targets.broken.litestar_base import build

SECTION = "messages"
LAYER = "framework"
CASE = "messages.client.text"
ALSO = ("iteration",)

original = WebSocket.receive_data


async def receive_data(self: WebSocket[Any, Any, Any], mode: Any) -> Any:
    data = await original(self, mode)
    return data.strip()


WebSocket.receive_data = receive_data  # type: ignore[method-assign]

app = build()
