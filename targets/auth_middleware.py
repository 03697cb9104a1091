"""An application behind a middleware that denies (401) whoever brings no ``Authorization`` header."""

from contextlib import suppress

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


class Authenticated:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or "authorization" in Headers(scope=scope):
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse("who are you?", 401, {"www-authenticate": "Bearer"})(scope, receive, send)


app = Starlette(routes=[WebSocketRoute("/echo", echo)], middleware=[Middleware(Authenticated)])
