"""BlackSheep's close() sends 1000, whatever code it was given."""

from __future__ import annotations

from typing import Any

from blacksheep.server.websocket import WebSocket

from targets.blacksheep_app import app as app
from targets.broken.base import patch

SECTION = "close"
LAYER = "framework"
ALSO = ("lost", "handshake")
CASE = ""

original = WebSocket.close


async def close(self: WebSocket, code: int = 1000, reason: Any = None) -> None:
    await original(self, 1000, reason)


patch(WebSocket, "close", close)
