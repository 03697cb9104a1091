"""A handler lets WebSocketDisconnect escape, so that each departure is logged as an error."""

from __future__ import annotations

from fastapi import FastAPI, WebSocket

SECTION = "routes"
LAYER = "application"
CASE = "route.*"


app = FastAPI()


@app.websocket("/live")
async def live(ws: WebSocket) -> None:
    await ws.accept()
    while True:
        try:
            await ws.send_text(await ws.receive_text())
        except KeyError:  # a binary message
            await ws.send_text("text only")
