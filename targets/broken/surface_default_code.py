"""WebSocketDisconnect() has the code 1006 and not 1000."""

from __future__ import annotations

from starlette.websockets import WebSocketDisconnect

from targets.broken.base import build, patch

SECTION = "surface"
LAYER = "framework"
CASE = ""


original = WebSocketDisconnect.__init__


def init(self: WebSocketDisconnect, code: int = 1006, reason: str | None = None) -> None:
    original(self, code, reason)


patch(WebSocketDisconnect, "__init__", init)

app = build()
