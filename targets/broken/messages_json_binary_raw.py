"""WebSocket.receive_json(mode='binary') returns the text and does not parse it."""

from __future__ import annotations

import json
from typing import Any

from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "messages"
LAYER = "framework"
CASE = ""


original = WebSocket.receive_json


async def receive_json(self: WebSocket, mode: str = "text") -> Any:
    value = await original(self, mode)
    return json.dumps(value) if mode == "binary" else value


patch(WebSocket, "receive_json", receive_json)

app = build()
