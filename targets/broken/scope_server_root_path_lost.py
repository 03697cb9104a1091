"""The server forgets where the application is mounted."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "scope"
LAYER = "server"
CASE = "scope.mounted"


original: Any = Protocol.run_asgi


async def run_asgi(self: Protocol) -> None:
    del self.scope["root_path"]
    await original(self)


patch(Protocol, "run_asgi", run_asgi)

app = build()
