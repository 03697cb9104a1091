"""The handshake is answered late, after work, after a look at the request, or not by the first task."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def answer(ws: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


async def patient(ws: WebSocket) -> None:
    """It works before it accepts."""
    await asyncio.sleep(0.2)
    await ws.accept()
    await answer(ws)


async def cautious(ws: WebSocket) -> None:
    """It receives the connect event itself, works, and only then accepts."""
    await ws.receive()
    await asyncio.sleep(0.1)
    await ws.accept()
    await answer(ws)


async def delegating(ws: WebSocket) -> None:
    """Another task accepts, as where a login is looked up."""
    await asyncio.create_task(ws.accept())
    await answer(ws)


async def choosing(ws: WebSocket) -> None:
    """The subprotocol is chosen from those offered, and none if none is known."""
    offered = ws.scope["subprotocols"]
    await ws.accept(subprotocol=next((name for name in ("v2", "v1") if name in offered), None))
    await answer(ws)


app = Starlette(
    routes=[
        WebSocketRoute("/patient", patient),
        WebSocketRoute("/cautious", cautious),
        WebSocketRoute("/delegating", delegating),
        WebSocketRoute("/choosing", choosing),
    ]
)
