"""Quart's send() does not accept the request by itself."""

from __future__ import annotations

from typing import Any

from quart.wrappers import Websocket

from targets.broken.quart_base import build

SECTION = "quart"
LAYER = "framework"
CASE = "quart.accept.automatic"
ALSO = ()


async def send(self: Websocket, data: Any) -> None:
    await self._send(data)


Websocket.send = send  # type: ignore[method-assign]

app = build()
