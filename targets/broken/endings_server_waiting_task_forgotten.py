"""The server tells a task that waits in receive() nothing of the close of another task."""

from __future__ import annotations

from typing import Any

from starlette.types import Message
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "endings"
LAYER = "server"
CASE = "endings.waiting.app-closes"


original: Any = Protocol.send


async def send(self: Protocol, message: Message) -> None:
    waits = any(not getter.done() for getter in self.queue._getters)  # type: ignore[attr-defined]
    await original(self, message)
    if waits and message["type"] == "websocket.close":
        self.queue.get_nowait()


patch(Protocol, "send", send)

app = build()
