"""WebSocket.send_json() takes any mode, and sends text."""

from __future__ import annotations

from typing import Any

from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "illegal"
LAYER = "framework"
ALSO = ("states",)
CASE = ""


original = WebSocket.send_json


async def send_json(self: WebSocket, data: Any, mode: str = "text") -> None:
    await original(self, data, mode if mode == "binary" else "text")


patch(WebSocket, "send_json", send_json)

app = build()
