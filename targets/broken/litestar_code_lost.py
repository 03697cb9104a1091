"""Litestar raises WebSocketDisconnect with the code 1006, whatever the event said."""

from __future__ import annotations

from typing import Any

from litestar.exceptions import WebSocketDisconnect

from targets.broken.litestar_base import build

SECTION = "close"
LAYER = "framework"
CASE = "close.client.*"
ALSO = ("litestar", "lost")

original = WebSocketDisconnect.__init__


def __init__(self: WebSocketDisconnect, *args: Any, detail: str, code: int = 1000) -> None:
    original(self, *args, detail=detail, code=1006)


WebSocketDisconnect.__init__ = __init__  # type: ignore[method-assign]

app = build()
