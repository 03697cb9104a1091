"""Falcon swallows what leaves a responder and does not close the connection with 1011."""

from __future__ import annotations

from falcon.asgi import App, WebSocket

from targets.broken.falcon_base import build

SECTION = "lost"
LAYER = "framework"
CASE = "lost.handler.raises"


async def cleanup(self: App, ws: WebSocket) -> None:
    await ws.close(1000)


App._ws_cleanup_on_error = cleanup  # type: ignore[method-assign]

app = build()
