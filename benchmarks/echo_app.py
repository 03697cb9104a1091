"""The target of the benchmarks: one echo, for the bare client and for the suite alike, and one for any message."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


async def echo(websocket: WebSocket) -> None:
    """Send every text back."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


async def echo_any(websocket: WebSocket) -> None:
    """Send every message back, as kosoku's cases ask for."""
    await websocket.accept()
    while (message := await websocket.receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await websocket.send_text(message["text"])
        else:
            await websocket.send_bytes(message["bytes"])


app = Starlette(routes=[WebSocketRoute("/echo", echo), WebSocketRoute("/", echo_any)])
