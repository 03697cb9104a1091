"""An ordinary Litestar application: echo, chat, JSON, a feed behind a guard, a listener, a stream, a controller."""

from __future__ import annotations

import asyncio
import hmac
import os
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from litestar import Controller, Litestar, Router, WebSocket, get, websocket
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, SerializationException, WebSocketDisconnect
from litestar.handlers import BaseRouteHandler, websocket_listener, websocket_stream
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = os.environ.get("FEED_TOKEN", "demo")
rooms: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)


class RequestId(ASGIMiddleware):
    """Gives every answer an ``x-request-id`` header."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.accept"}:
                headers = [*message.get("headers", ()), (b"x-request-id", uuid.uuid4().hex.encode())]
                message = {**message, "headers": headers}  # type: ignore[typeddict-item, misc, assignment]
            await send(message)

        await next_app(scope, receive, send_with_id)


@asynccontextmanager
async def conversation(socket: WebSocket[Any, Any, Any]) -> AsyncIterator[None]:
    """Accept, and end quietly when the client leaves, be it noticed by a receive or by a send."""
    await socket.accept()
    with suppress(WebSocketDisconnect, OSError):
        yield


@asynccontextmanager
async def sending(messages: AsyncIterator[str], socket: WebSocket[Any, Any, Any]) -> AsyncIterator[None]:
    """Send what an iterator gives while the block runs, and no longer."""

    async def pump() -> None:
        async for message in messages:
            await socket.send_text(message)

    task = asyncio.create_task(pump())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@websocket("/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    async with conversation(socket):
        async for text in socket.iter_data():
            await socket.send_text(text)


@websocket("/chat/{room:str}")
async def chat(socket: WebSocket[Any, Any, Any], room: str) -> None:
    inbox: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

    async def said() -> AsyncIterator[str]:
        while True:
            yield await inbox.get()

    async with conversation(socket), sending(said(), socket):
        rooms[room].add(inbox)
        try:
            async for text in socket.iter_data():
                for member in rooms[room]:
                    with suppress(asyncio.QueueFull):  # who does not read misses messages and holds up nobody
                        member.put_nowait(str(text))
        finally:
            rooms[room].discard(inbox)
            if not rooms[room]:
                del rooms[room]


def with_token(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), TOKEN.encode()):
        raise NotAuthorizedException("a token is needed")


@websocket("/feed", guards=[with_token])
async def feed(socket: WebSocket[Any, Any, Any]) -> None:
    async with conversation(socket):
        await socket.send_json({"news": "good morning"})
        async for _ in socket.iter_data():
            await socket.send_json({"news": "nothing new"})


@websocket("/kind")
async def kind(socket: WebSocket[Any, Any, Any]) -> None:
    async with conversation(socket):
        while True:
            try:
                await socket.send_json({"kind": type(await socket.receive_json()).__name__})
            except SerializationException:
                await socket.send_json({"error": "this is not JSON"})


@websocket_listener("/shout")
async def shout(data: str) -> str:
    return data.upper()


@websocket_stream("/ticker", warn_on_data_discard=False)
async def ticker() -> AsyncGenerator[str, None]:
    while True:
        yield str(time.time())
        await asyncio.sleep(0.2)


class Counters(Controller):
    path = "/counters"

    @websocket("/{start:int}")
    async def count(self, socket: WebSocket[Any, Any, Any], start: int) -> None:
        async with conversation(socket):
            async for _ in socket.iter_data():
                start += 1
                await socket.send_text(str(start))


@get("/health")
async def health() -> dict[str, int]:
    return {"rooms": len(rooms)}


app = Litestar(
    route_handlers=[echo, chat, feed, kind, shout, ticker, health, Router("/api", route_handlers=[Counters])],
    middleware=[RequestId()],
)
