"""Channels calls disconnect() with 1000, whatever the event said."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from targets.broken.base import patch
from targets.channels_app import app as app

SECTION = "close"
LAYER = "framework"
ALSO = ("lost", "handshake")
CASE = ""

original: Any = AsyncWebsocketConsumer.websocket_disconnect


async def websocket_disconnect(self: AsyncWebsocketConsumer, message: dict[str, Any]) -> None:
    await original(self, {**message, "code": 1000})


patch(AsyncWebsocketConsumer, "websocket_disconnect", websocket_disconnect)
