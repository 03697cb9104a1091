"""WebSocketDisconnect() leaves its reason None and does not make it an empty string."""

from __future__ import annotations

from starlette.websockets import WebSocketDisconnect

from targets.broken.base import build, patch

SECTION = "surface"
LAYER = "framework"
CASE = ""


original = WebSocketDisconnect.__init__


def init(self: WebSocketDisconnect, code: int = 1000, reason: str | None = None) -> None:
    original(self, code, reason)
    if code == 1000 and reason is None:
        self.reason = None  # type: ignore[assignment]


patch(WebSocketDisconnect, "__init__", init)

app = build()
