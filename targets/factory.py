"""An application that a function builds: serve it with ``--factory`` as ``targets.factory:create_app``."""

from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


def create_app() -> Starlette:
    return Starlette(routes=[WebSocketRoute("/echo", echo)])
