"""WebSocket.accept(headers=...) forgets the headers."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "handshake"
LAYER = "framework"
CASE = ""


original = WebSocket.accept


async def accept(
    self: WebSocket, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
) -> None:
    await original(self, subprotocol)


patch(WebSocket, "accept", accept)

app = build()
