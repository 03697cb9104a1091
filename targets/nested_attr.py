"""An application that is an attribute of an object: ``targets.nested_attr:site.app``."""

from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


class Site:
    def __init__(self) -> None:
        self.app = Starlette(routes=[WebSocketRoute("/echo", echo)])


site = Site()
