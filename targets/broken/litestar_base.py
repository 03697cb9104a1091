"""The right Litestar application that the targets beside it break."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, WebSocket, websocket


@websocket("/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    async for text in socket.iter_data():
        await socket.send_text(text)


def build() -> Litestar:
    """A small Litestar application: an echo."""
    return Litestar(route_handlers=[echo])


app = build()
