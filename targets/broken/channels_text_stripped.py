"""Channels strips the text that it hands to receive()."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from targets.broken.base import patch
from targets.channels_app import app as app

SECTION = "messages"
LAYER = "framework"
CASE = ""

original: Any = AsyncWebsocketConsumer.websocket_receive


async def websocket_receive(self: AsyncWebsocketConsumer, message: dict[str, Any]) -> None:
    text = message.get("text")
    await original(self, {**message, "text": text if text is None else text.strip("x \n")})


patch(AsyncWebsocketConsumer, "websocket_receive", websocket_receive)
