"""The target of the soak: two routes, and a task that writes down once a second what its process has open."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

LOG = os.environ.get("SOAK_LOG", "")


def _write(tasks: int) -> None:
    with open(LOG, "a", encoding="utf-8") as out:
        print(json.dumps({"pid": os.getpid(), "tasks": tasks}), file=out)


async def _tell() -> None:
    while True:
        _write(len(asyncio.all_tasks()))
        await asyncio.sleep(1.0)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Write as long as the application lives."""
    task = asyncio.create_task(_tell()) if LOG else None
    yield
    if task is not None:
        task.cancel()


async def echo(websocket: WebSocket) -> None:
    """Send every message back."""
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        while (message := await websocket.receive())["type"] == "websocket.receive":
            await websocket.send({**message, "type": "websocket.send"})


async def brief(websocket: WebSocket) -> None:
    """Say one word and close."""
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        await websocket.send_text("hello")
        await websocket.close(4000, "that was all")


app = Starlette(routes=[WebSocketRoute("/echo", echo), WebSocketRoute("/brief", brief)], lifespan=lifespan)
