"""Quart's accept() drops the subprotocol and the headers."""

from __future__ import annotations

from typing import Any

from quart.wrappers import Websocket

from targets.broken.quart_base import build

SECTION = "handshake"
LAYER = "framework"
CASE = "handshake.*"
ALSO = ()

accept = Websocket.accept


async def bare(self: Websocket, headers: Any = None, subprotocol: Any = None) -> None:
    await accept(self)


Websocket.accept = bare  # type: ignore[method-assign]

app = build()
