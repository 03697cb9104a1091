"""The connection is closed by a background task, while the handler receives."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState


async def limited(ws: WebSocket) -> None:
    """A background task ends the conversation after a while."""
    await ws.accept()

    async def end() -> None:
        await asyncio.sleep(0.3)
        with suppress(WebSocketDisconnect, RuntimeError):
            if ws.application_state is WebSocketState.CONNECTED and ws.client_state is WebSocketState.CONNECTED:
                await ws.close(4000, "time is up")

    closing = asyncio.create_task(end())
    try:
        while (await ws.receive())["type"] != "websocket.disconnect":
            pass
    finally:
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)


async def one_message(ws: WebSocket) -> None:
    """A task of its own answers the first message and closes."""
    await ws.accept()

    async def answer(message: dict[str, object]) -> None:
        await ws.send_json({"got": sorted(message)})
        await ws.close(1000)

    with suppress(WebSocketDisconnect):
        message = await ws.receive()
        if message["type"] == "websocket.receive":
            await asyncio.create_task(answer(dict(message)))


app = Starlette(routes=[WebSocketRoute("/limited", limited), WebSocketRoute("/one", one_message)])
