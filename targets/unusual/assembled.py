"""Put together late: a factory that is slow, applications under applications with a root path, FastAPI in Starlette."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import Host, Mount, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


class Rooted:
    """Gives what it wraps a root path of its own, as a proxy that strips a prefix would."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app, self.root_path = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "root_path": self.root_path, "path": self.root_path + scope["path"]}
        await self.app(scope, receive, send)


@asynccontextmanager
async def slowly(app: Any) -> AsyncIterator[None]:
    """Start-up and shutdown take their time."""
    await asyncio.sleep(0.3)
    yield
    await asyncio.sleep(0.2)


def create() -> ASGIApp:
    """What `app` is made by: models are loaded, a router is filled in a loop, an application is mounted."""
    time.sleep(0.2)
    router = APIRouter()
    for name in ("one", "two"):
        router.add_api_websocket_route(f"/{name}", echo)
    inner = FastAPI()
    inner.include_router(router, prefix="/v1")
    outer = Starlette(
        routes=[
            Mount("/api", inner),
            Host("{name}.example.org", Router([WebSocketRoute("/hosted", echo)])),
            WebSocketRoute("/plain", echo),
        ],
        lifespan=slowly,
    )
    return Rooted(outer, "/behind")


app = create()
