"""A send that waits for the client to read waits on when the connection is lost."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "endings"
LAYER = "server"
CASE = "endings.blocked.client-leaves"


original: Any = Protocol.connection_lost


def connection_lost(self: Protocol, exc: Exception | None) -> None:
    self.writable = asyncio.Event()  # whoever waits for the former one waits on
    original(self, exc)


patch(Protocol, "connection_lost", connection_lost)

app = build()
