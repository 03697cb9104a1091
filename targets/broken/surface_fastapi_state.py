"""FastAPI's WebSocketState is a copy: nothing is ever equal to its members."""

from __future__ import annotations

from enum import Enum

import fastapi
import fastapi.websockets

SECTION = "surface"
LAYER = "framework"
CASE = ""


class WebSocketState(Enum):
    CONNECTING = 0
    CONNECTED = 1
    DISCONNECTED = 2
    RESPONSE = 3


fastapi.websockets.WebSocketState = WebSocketState  # type: ignore[assignment, misc]
app = fastapi.FastAPI()


@app.websocket("/echo")
async def echo(ws: fastapi.WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)
