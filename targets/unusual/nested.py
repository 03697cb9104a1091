"""Mounts within mounts, each with middleware of its own, and parameters in their paths."""

from __future__ import annotations

from contextlib import suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


class Through:
    """Passes everything on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


innermost = Starlette(routes=[WebSocketRoute("/echo/{name}", echo)], middleware=[Middleware(Through)])
inner = Router(routes=[WebSocketRoute("/echo", echo), Mount("/{room}", innermost)])
outer = Starlette(routes=[Mount("/inner", inner, middleware=[Middleware(Through)])], middleware=[Middleware(Through)])
app = Starlette(routes=[WebSocketRoute("/echo", echo), Mount("/outer", Through(outer))])
