"""WebSocketException: raised before and after the accept, handled by the framework or by a handler of our own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import WebSocketException
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


class NotText(Exception):
    """The client sent a binary message where only text is understood."""


async def strict(ws: WebSocket) -> None:
    """What is no text ends the connection, by an exception that the framework makes a close of."""
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            if message.get("text") is None:
                raise WebSocketException(1003, "text only")
            await ws.send_text(message["text"])


async def own(ws: WebSocket) -> None:
    """The same, by an exception and a handler of our own."""
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            if message.get("text") is None:
                raise NotText
            await ws.send_text(message["text"])


async def private(ws: WebSocket) -> None:
    """Who has no token is refused before the accept."""
    if "token" not in ws.query_params:
        raise WebSocketException(1008, "a token is needed")
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (await ws.receive())["type"] == "websocket.receive":
            await ws.send_text("ok")


async def text_only(ws: WebSocket, exc: Exception) -> None:
    await ws.close(1003, "text only")


handlers: dict[Any, Any] = {NotText: text_only}
app = Starlette(
    routes=[WebSocketRoute("/strict", strict), WebSocketRoute("/own", own), WebSocketRoute("/private", private)],
    exception_handlers=handlers,
)
