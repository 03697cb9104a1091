"""anyio's task groups: one task receives, another sends, and who ends first ends the other."""

from __future__ import annotations

from contextlib import suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def relay(ws: WebSocket) -> None:
    """Messages go through a stream from the task that receives to the one that sends."""
    await ws.accept()
    put, take = anyio.create_memory_object_stream[str](200)

    async def receive(put: MemoryObjectSendStream[str]) -> None:
        async with put:
            while (message := await ws.receive())["type"] == "websocket.receive":
                await put.send(message.get("text") or "bytes")
        group.cancel_scope.cancel()

    async def send(take: MemoryObjectReceiveStream[str]) -> None:
        async with take:
            with suppress(WebSocketDisconnect):
                async for text in take:
                    await ws.send_text(text)

    async with anyio.create_task_group() as group:
        group.start_soon(receive, put)
        group.start_soon(send, take)


async def deadline(ws: WebSocket) -> None:
    """Who says nothing for a while is told so; the wait itself is cancelled."""
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while True:
            with anyio.move_on_after(0.2) as scope:
                message = await ws.receive()
                if message["type"] == "websocket.disconnect":
                    return
            if scope.cancelled_caught:
                await ws.send_text("are you there?")


app = Starlette(routes=[WebSocketRoute("/relay", relay), WebSocketRoute("/deadline", deadline)])
