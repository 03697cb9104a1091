"""The server delivers every fragment as a message of its own."""

from __future__ import annotations

from dataclasses import replace

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol
from websockets.frames import Frame

from targets.broken.base import build, patch

SECTION = "messages"
LAYER = "server"
CASE = ""
ALSO = ("limits",)


first, following = Protocol.handle_text, Protocol.handle_cont


def handle_text(self: Protocol, event: Frame) -> None:
    first(self, replace(event, fin=True))


def handle_cont(self: Protocol, event: Frame) -> None:
    following(self, replace(event, fin=True))


patch(Protocol, "handle_text", handle_text)
patch(Protocol, "handle_cont", handle_cont)

app = build()
