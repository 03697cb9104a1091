"""The server gives the query as text."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "scope"
LAYER = "server"
CASE = "scope.query"


original: Any = Protocol.run_asgi


async def run_asgi(self: Protocol) -> None:
    self.scope["query_string"] = self.scope["query_string"].decode()  # type: ignore[typeddict-item]
    await original(self)


patch(Protocol, "run_asgi", run_asgi)

app = build()
