"""Falcon sends on though its queue has seen the disconnect."""

from __future__ import annotations

from typing import Any

from falcon.asgi import WebSocket

from targets.broken.falcon_base import build

SECTION = "lost"
LAYER = "framework"
CASE = "lost.send.*"
ALSO = ("falcon",)


async def _send(self: WebSocket, msg: Any) -> None:
    await self._asgi_send(msg)


WebSocket._send = _send  # type: ignore[method-assign]

app = build()
