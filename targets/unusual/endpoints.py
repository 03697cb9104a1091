"""WebSocketEndpoint: a class with a method for each event, one for each kind of message."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState


def is_open(websocket: WebSocket) -> bool:
    """A class is also given messages of a client that it could not send to any more."""
    return websocket.application_state is WebSocketState.CONNECTED


class Anything(WebSocketEndpoint):
    """No encoding is asked for: text and bytes arrive as they are."""

    async def on_connect(self, websocket: WebSocket) -> None:
        await websocket.accept()

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        with suppress(WebSocketDisconnect):
            if not is_open(websocket):
                return
            if isinstance(data, str):
                await websocket.send_text(data)
            else:
                await websocket.send_bytes(data)

    async def on_disconnect(self, websocket: WebSocket, close_code: int) -> None:
        self.code = close_code


class Parsing(WebSocketEndpoint):
    """It parses by itself, and says what is wrong."""

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        try:
            answer: Any = {"kind": type(json.loads(data)).__name__}
        except (ValueError, RecursionError):
            answer = {"error": "this is not JSON"}
        with suppress(WebSocketDisconnect):
            if is_open(websocket):
                await websocket.send_json(answer)


app = Starlette(routes=[WebSocketRoute("/anything", Anything), WebSocketRoute("/parsing", Parsing)])
