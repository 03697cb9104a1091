"""An application mounted under another one at /api."""

from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


api = Starlette(routes=[WebSocketRoute("/echo", echo)])
app = Starlette(routes=[Mount("/api", app=api)])
