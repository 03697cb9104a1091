"""The server gives the last header of each name alone."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "scope"
LAYER = "server"
CASE = "scope.headers"


original: Any = Protocol.run_asgi


async def run_asgi(self: Protocol) -> None:
    self.scope["headers"] = list(dict(self.scope["headers"]).items())
    await original(self)


patch(Protocol, "run_asgi", run_asgi)

app = build()
