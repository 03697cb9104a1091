"""Falcon leaves the connection alone when a responder has returned, and closes nothing."""

from __future__ import annotations

import sys

from falcon.asgi import WebSocket

from targets.broken.falcon_base import build

SECTION = "lost"
LAYER = "framework"
CASE = "lost.handler.returns"
ALSO = ("falcon",)

original = WebSocket.close


async def close(self: WebSocket, code: int | None = None, reason: str | None = None) -> None:
    if code is not None or sys._getframe(1).f_globals["__name__"] != "falcon.asgi.app":
        await original(self, code, reason)


WebSocket.close = close  # type: ignore[method-assign]

app = build()
