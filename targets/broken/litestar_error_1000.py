"""Litestar closes with 1000 where an exception has left the handler."""

from __future__ import annotations

from typing import Any

from litestar.middleware._internal.exceptions.middleware import ExceptionHandlerMiddleware

from targets.broken.litestar_base import build

SECTION = "lost"
LAYER = "framework"
CASE = "lost.handler.raises"


async def handle(send: Any, exc: Exception) -> None:
    await send({"type": "websocket.close", "code": 1000, "reason": ""})


ExceptionHandlerMiddleware.handle_websocket_exception = staticmethod(handle)  # type: ignore[method-assign]

app = build()
