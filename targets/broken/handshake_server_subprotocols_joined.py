"""The server does not split the offered subprotocols: ['a, b']."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "handshake"
ALSO = ("scope",)
LAYER = "server"
CASE = ""


original: Any = Protocol.run_asgi


async def run_asgi(self: Protocol) -> None:
    self.scope["subprotocols"] = [", ".join(self.scope["subprotocols"])]
    await original(self)


patch(Protocol, "run_asgi", run_asgi)

app = build()
