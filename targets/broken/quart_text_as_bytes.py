"""Quart's receive() gives text as bytes."""

from __future__ import annotations

from typing import Any

from quart.wrappers import Websocket

from targets.broken.quart_base import build

SECTION = "messages"
LAYER = "framework"
CASE = "messages.client.text"
ALSO = ()

receive = Websocket.receive


async def as_bytes(self: Websocket) -> Any:
    data = await receive(self)
    return data.encode() if isinstance(data, str) else data


Websocket.receive = as_bytes  # type: ignore[method-assign]

app = build()
