"""A tall stack: BaseHTTPMiddleware, sessions, gzip, CORS, trusted hosts, errors, and pure ASGI in between."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect


class Timing(BaseHTTPMiddleware):
    """For requests only, as this kind of middleware is."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        response.headers["x-seconds"] = str(time.perf_counter() - started)
        return response


class Identified:
    """Pure ASGI: each connection has a number in its own scope, and the handshake's answer names it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        self.count += 1
        number = str(self.count)

        async def send_named(message: Message) -> None:
            if message["type"] in ("websocket.accept", "websocket.http.response.start"):
                message = {**message, "headers": [*message.get("headers", ()), (b"x-connection", number.encode())]}
            await send(message)

        await self.app({**scope, "number": number}, receive, send_named)


class Guarded:
    """try and finally around everything, and a look at how it ended."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.ended: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except BaseException as exc:
            self.ended[:] = [type(exc).__name__]
            raise
        finally:
            del self.ended[10:]


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    """State for all connections."""
    yield {"visits": [0]}


async def counted(ws: WebSocket) -> None:
    """The lifespan's state is shared by all connections."""
    ws.state.visits[0] += 1
    await ws.accept()
    with suppress(WebSocketDisconnect):
        await ws.send_json({"visits": ws.state.visits[0], "number": ws.scope["number"]})
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send({**message, "type": "websocket.send"})


app = Starlette(
    routes=[WebSocketRoute("/counted", counted)],
    lifespan=lifespan,
    middleware=[
        Middleware(Guarded),
        Middleware(TrustedHostMiddleware, allowed_hosts=["*"]),
        Middleware(CORSMiddleware, allow_origins=["https://example.org"]),
        Middleware(Identified),
        Middleware(GZipMiddleware),
        Middleware(Timing),
    ],
)
