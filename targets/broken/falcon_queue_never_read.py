"""Falcon's receive queue keeps the first message for ever: the responder never gets it."""

from __future__ import annotations

import asyncio
from typing import Any

from falcon.asgi import ws

from targets.broken.falcon_base import build

SECTION = "messages"
LAYER = "framework"
CASE = "messages.client.*"
ALSO = ("falcon", "close", "lost")

original = ws._BufferedReceiver.receive


async def receive(self: Any) -> Any:
    event = await original(self)
    if event["type"] == "websocket.receive":
        await asyncio.get_running_loop().create_future()
    return event


ws._BufferedReceiver.receive = receive  # type: ignore[method-assign]

app = build()
