"""The server leaves the connection open when its application is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Protocol

from targets.broken.base import build, patch

SECTION = "endings"
LAYER = "server"
CASE = "endings.*"


original: Any = Protocol.run_asgi


async def run_asgi(self: Protocol) -> None:
    app: Any = self.app

    async def noticed(*given: Any) -> None:
        try:
            await app(*given)
        except asyncio.CancelledError:
            self.close_timer = self.loop.call_later(3600, int)
            raise

    self.app = noticed
    await original(self)


patch(Protocol, "run_asgi", run_asgi)

app = build()
