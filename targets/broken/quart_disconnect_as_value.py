"""Quart gives the handler an empty text when the client leaves, and does not cancel it."""

from __future__ import annotations

from typing import Any

from quart.asgi import ASGIWebsocketConnection

from targets.broken.quart_base import build

SECTION = "lost"
LAYER = "framework"
CASE = "lost.open"
ALSO = ("close", "messages")


async def never_ends(self: ASGIWebsocketConnection, receive: Any) -> None:
    while True:
        event = await receive()
        if event["type"] == "websocket.receive":
            await self.queue.put(event.get("text") or event.get("bytes") or "")
        elif event["type"] == "websocket.disconnect":
            while True:
                await self.queue.put("")
                await self.queue.join()


ASGIWebsocketConnection.handle_messages = never_ends  # type: ignore[method-assign]

app = build()
