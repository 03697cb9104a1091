"""WebSocket.close(reason=...) replaces what is not ASCII by question marks."""

from __future__ import annotations

from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "close"
LAYER = "framework"
CASE = ""


original = WebSocket.close


async def close(self: WebSocket, code: int = 1000, reason: str | None = None) -> None:
    await original(self, code, (reason or "").encode("ascii", "replace").decode())


patch(WebSocket, "close", close)

app = build()
