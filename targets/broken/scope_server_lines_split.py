"""The server splits a header's value wherever str.splitlines() finds the end of a line."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "scope"
LAYER = "server"
CASE = "scope.headers.invented"


original: Any = Protocol.run_asgi


async def run_asgi(self: Protocol) -> None:
    headers = []
    for name, value in self.scope["headers"]:
        first, *more = value.decode("latin-1").splitlines() or [""]
        headers.append((name, first.encode("latin-1")))
        headers += [(n.lower(), v) for n, _, v in (line.encode("latin-1").partition(b": ") for line in more)]
    self.scope["headers"] = headers
    await original(self)


patch(Protocol, "run_asgi", run_asgi)

app = build()
