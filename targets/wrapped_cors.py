"""An application inside a middleware class: what is served is no Starlette object."""

from contextlib import suppress

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


inner = Starlette(routes=[WebSocketRoute("/echo", echo)])
app = CORSMiddleware(inner, allow_origins=["*"])
