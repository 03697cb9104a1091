"""An application that is built inside a method at the first call: nothing leads to it before."""

from contextlib import suppress
from functools import cache

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


@cache
def build() -> Starlette:
    return Starlette(routes=[WebSocketRoute("/echo", echo)])


class Lazy:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await build()(scope, receive, send)


app = Lazy()
