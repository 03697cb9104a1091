"""iter_text, iter_bytes and iter_json: the loop ends by itself when the client leaves, and may be left early."""

from __future__ import annotations

import json
from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def values(ws: WebSocket) -> None:
    """JSON until something else comes, which is answered with a close."""
    await ws.accept()
    try:
        with suppress(WebSocketDisconnect):
            async for value in ws.iter_json():
                await ws.send_json({"got": value})
    except (KeyError, json.JSONDecodeError):
        with suppress(WebSocketDisconnect):
            await ws.close(1007, "JSON only")


async def texts(ws: WebSocket) -> None:
    """Texts until something else comes."""
    await ws.accept()
    try:
        with suppress(WebSocketDisconnect):
            async for text in ws.iter_text():
                await ws.send_text(text[::-1])
    except KeyError:
        with suppress(WebSocketDisconnect):
            await ws.close(1003, "text only")


async def first(ws: WebSocket) -> None:
    """Only the first message counts."""
    await ws.accept()
    with suppress(KeyError, WebSocketDisconnect):
        async for data in ws.iter_bytes():
            await ws.send_bytes(data)
            await ws.close(1000, "one is enough")
            return
        return
    with suppress(WebSocketDisconnect):
        await ws.close(1003, "bytes only")


app = Starlette(
    routes=[WebSocketRoute("/values", values), WebSocketRoute("/texts", texts), WebSocketRoute("/first", first)]
)
