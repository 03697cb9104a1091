"""Falcon's WebSocket says that it is ready before the accept and after the end."""

from __future__ import annotations

from falcon.asgi import WebSocket

from targets.broken.falcon_base import build

SECTION = "falcon"
LAYER = "framework"
CASE = "falcon.state.*"
ALSO = ("close",)

WebSocket.ready = property(lambda self: True)  # type: ignore[method-assign, assignment]

app = build()
