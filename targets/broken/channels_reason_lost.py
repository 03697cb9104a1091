"""Channels' close() takes no reason."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from targets.broken.base import patch
from targets.channels_app import app as app

SECTION = "close"
LAYER = "framework"
ALSO = ("lost", "handshake")
CASE = ""

original: Any = AsyncWebsocketConsumer.close


async def close(self: AsyncWebsocketConsumer, code: Any = None) -> None:
    await original(self, code)


patch(AsyncWebsocketConsumer, "close", close)
