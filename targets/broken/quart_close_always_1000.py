"""Quart closes with 1000, whatever code the handler chose."""

from __future__ import annotations

from typing import Any

from quart.asgi import ASGIWebsocketConnection

from targets.broken.quart_base import build

SECTION = "close"
LAYER = "framework"
CASE = "close.app.code"
ALSO = ()

close = ASGIWebsocketConnection.close_connection


async def always_1000(self: ASGIWebsocketConnection, send: Any, code: int, reason: str) -> None:
    await close(self, send, 1000, reason)


ASGIWebsocketConnection.close_connection = always_1000  # type: ignore[method-assign]

app = build()
