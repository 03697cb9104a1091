"""An ordinary Starlette application: echo, chat rooms, a feed behind a token, a ticker, JSON, and a mounted clock."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

TOKEN = os.environ.get("FEED_TOKEN", "demo")


class RequestId:
    """Gives every answer an ``x-request-id`` header: HTTP responses, accepted handshakes and denials."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.accept", "websocket.http.response.start"}:
                headers = [*message.get("headers", ()), (b"x-request-id", uuid.uuid4().hex.encode())]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_id)


class NoStore(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["cache-control"] = "no-store"
        return response


class NotText(Exception):
    """The client sent a binary message where only text is understood."""


async def texts(ws: WebSocket) -> AsyncIterator[str]:
    while (message := await ws.receive())["type"] == "websocket.receive":
        if message.get("text") is None:
            raise NotText
        yield message["text"]


@asynccontextmanager
async def conversation(ws: WebSocket) -> AsyncIterator[None]:
    """Accept, and end quietly when the client leaves; a binary message is answered with 1003."""
    await ws.accept()
    with suppress(WebSocketDisconnect):
        try:
            yield
        except NotText:
            await ws.close(1003, "text only")


@asynccontextmanager
async def sending(messages: AsyncIterator[str], ws: WebSocket) -> AsyncIterator[None]:
    """Send what an iterator gives while the block runs, and no longer."""

    async def pump() -> None:
        async for message in messages:
            await ws.send_text(message)

    task = asyncio.create_task(pump())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def echo(ws: WebSocket) -> None:
    async with conversation(ws):
        async for text in texts(ws):
            await ws.send_text(text)


async def chat(ws: WebSocket) -> None:
    room, rooms = ws.path_params["room"], ws.state.rooms
    inbox: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

    async def said() -> AsyncIterator[str]:
        while True:
            yield await inbox.get()

    async with conversation(ws), sending(said(), ws):
        rooms.setdefault(room, set()).add(inbox)
        try:
            async for text in texts(ws):
                for member in rooms[room]:
                    with suppress(asyncio.QueueFull):  # who does not read misses messages and holds up nobody
                        member.put_nowait(text)
        finally:
            rooms[room].discard(inbox)
            if not rooms[room]:
                del rooms[room]


async def feed(ws: WebSocket) -> None:
    scheme, _, token = ws.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), TOKEN.encode()):
        challenge = {"www-authenticate": "Bearer"}
        return await ws.send_denial_response(PlainTextResponse("a token is needed", 401, challenge))
    async with conversation(ws):
        await ws.send_json({"news": ws.state.greeting})
        async for _ in texts(ws):
            await ws.send_json({"news": "nothing new"})


async def ticker(ws: WebSocket) -> None:
    async def ticks() -> AsyncIterator[str]:
        while True:
            yield str(time.time())
            await asyncio.sleep(0.2)

    async with conversation(ws), sending(ticks(), ws):
        async for _ in texts(ws):
            pass  # what the client says changes nothing


async def kind(ws: WebSocket) -> None:
    async with conversation(ws):
        async for text in texts(ws):
            try:
                await ws.send_json({"kind": type(json.loads(text)).__name__})
            except (ValueError, RecursionError):
                await ws.send_json({"error": "this is not JSON"})


async def clock(ws: WebSocket) -> None:
    async with conversation(ws):
        async for _ in texts(ws):
            await ws.send_text(time.strftime("%H:%M:%S"))


async def health(request: Request) -> Response:
    return JSONResponse({"rooms": len(request.state.rooms)})


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"rooms": {}, "greeting": "good morning"}


app = Starlette(
    routes=[
        Route("/health", health),
        WebSocketRoute("/echo", echo),
        WebSocketRoute("/chat/{room}", chat),
        WebSocketRoute("/feed", feed),
        WebSocketRoute("/ticker", ticker),
        WebSocketRoute("/kind", kind),
        Mount("/api", app=Starlette(routes=[WebSocketRoute("/clock", clock)])),
    ],
    middleware=[Middleware(RequestId), Middleware(NoStore), Middleware(CORSMiddleware, allow_origins=["*"])],
    lifespan=lifespan,
)
