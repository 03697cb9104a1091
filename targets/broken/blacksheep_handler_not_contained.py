"""BlackSheep lets out to the server what a handler raises after the client has left."""

from __future__ import annotations

from typing import Any

from blacksheep.server.websocket import WebSocket

from targets.blacksheep_app import app as app
from targets.broken.base import patch

SECTION = "blacksheep"
LAYER = "framework"
ALSO = ("lost",)
CASE = "blacksheep.handler.contained"

original: Any = WebSocket.close


class Unstoppable(BaseException):
    """What no one takes."""


async def close(self: WebSocket, code: int = 1000, reason: Any = None) -> None:
    if self.client_state.value == 2:
        raise Unstoppable("closed twice")
    await original(self, code, reason)


patch(WebSocket, "close", close)
