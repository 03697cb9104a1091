"""Events as ASGI has them: raw receive and send, endpoints that are ASGI applications, optional keys."""

from __future__ import annotations

from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


async def raw(ws: WebSocket) -> None:
    """Every step of the connection by hand, with the other key of a message given as None."""
    await ws.receive()
    await ws.send({"type": "websocket.accept"})
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            text, data = message.get("text"), message.get("bytes")
            await ws.send({"type": "websocket.send", "text": text, "bytes": data})


class Endpoint:
    """An instance that is an ASGI application; the server's own error may leave it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"{len(message)} keys"})


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """A mounted ASGI callable that closes by itself after the first message."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    message = await receive()
    if message["type"] == "websocket.receive":
        await send({"type": "websocket.close"})
        while (await receive())["type"] != "websocket.disconnect":
            pass


app = Starlette(routes=[WebSocketRoute("/raw", raw), WebSocketRoute("/endpoint", Endpoint()), Mount("/bare", bare)])
