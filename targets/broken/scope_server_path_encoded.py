"""The server gives the path as it stands in the request, percent escapes and all."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "scope"
LAYER = "server"
CASE = "scope.path"


original: Any = Protocol.run_asgi


async def run_asgi(self: Protocol) -> None:
    self.scope["path"] = self.scope["raw_path"].decode()
    await original(self)


patch(Protocol, "run_asgi", run_asgi)

app = build()
