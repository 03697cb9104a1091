"""FastAPI's WebSocketDisconnect is a class of its own: to catch it catches nothing."""

from __future__ import annotations

import fastapi
import fastapi.websockets

SECTION = "surface"
LAYER = "framework"
CASE = ""


class WebSocketDisconnect(Exception):
    def __init__(self, code: int = 1000, reason: str | None = None) -> None:
        self.code = code
        self.reason = reason or ""


fastapi.WebSocketDisconnect = WebSocketDisconnect  # type: ignore[assignment, misc]
fastapi.websockets.WebSocketDisconnect = WebSocketDisconnect  # type: ignore[assignment, misc]
app = fastapi.FastAPI()


@app.websocket("/echo")
async def echo(ws: fastapi.WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)
