"""Falcon raises WebSocketDisconnected with the code 1000, whatever the event said."""

from __future__ import annotations

from falcon import WebSocketDisconnected

from targets.broken.falcon_base import build

SECTION = "close"
LAYER = "framework"
CASE = "close.client.*"
ALSO = ("falcon", "lost")


def __init__(self: WebSocketDisconnected, code: int | None = None) -> None:
    self.code = 1000


WebSocketDisconnected.__init__ = __init__  # type: ignore[method-assign]

app = build()
