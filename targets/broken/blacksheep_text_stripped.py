"""BlackSheep's receive_text() strips the text."""

from __future__ import annotations

from typing import Any

from blacksheep.server.websocket import WebSocket

from targets.blacksheep_app import app as app
from targets.broken.base import patch

SECTION = "messages"
LAYER = "framework"
CASE = ""

original: Any = WebSocket.receive_text


async def receive_text(self: WebSocket) -> str:
    return str(await original(self)).strip("x \n")


patch(WebSocket, "receive_text", receive_text)
