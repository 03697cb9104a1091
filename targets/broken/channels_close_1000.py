"""Channels' close() sends 1000, whatever code it was given."""

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


async def close(self: AsyncWebsocketConsumer, code: Any = None, reason: Any = None) -> None:
    await original(self, 1000, reason)


patch(AsyncWebsocketConsumer, "close", close)
