"""An ordinary FastAPI application: echo, a chat with a manager, a feed behind a dependency, a ticker, JSON, a mount."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response, WebSocket, WebSocketDisconnect, WebSocketException
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel, ValidationError

TOKEN = os.environ.get("FEED_TOKEN", "demo")


class Chat:
    """Each member is sent to by its own handler only, so that a slow one holds up nobody."""

    def __init__(self) -> None:
        self.inboxes: set[asyncio.Queue[str]] = set()

    def broadcast(self, text: str) -> None:
        for inbox in self.inboxes:
            with suppress(asyncio.QueueFull):
                inbox.put_nowait(text)


async def has_token(ws: WebSocket, token: str = "") -> None:
    """Denies the handshake (HTTP 403) unless ``?token=`` or a bearer token is right."""
    offered = token or ws.headers.get("authorization", "").removeprefix("Bearer ")
    if not secrets.compare_digest(offered.encode(), TOKEN.encode()):
        raise WebSocketException(1008, "a token is needed")


class BinaryMessage(Exception):
    """The client sent a binary message where only text is understood."""


async def receive_text(ws: WebSocket) -> str:
    message = await ws.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"], message.get("reason"))
    if message.get("text") is None:
        raise BinaryMessage
    return str(message["text"])


@asynccontextmanager
async def accepted(ws: WebSocket) -> AsyncIterator[None]:
    """Accept, and end quietly when the client leaves; a binary message is answered with 1003."""
    await ws.accept()
    with suppress(WebSocketDisconnect):
        try:
            yield
        except BinaryMessage:
            await ws.close(1003, "text only")


async def until_one_ends(*parts: Awaitable[None]) -> None:
    """Run the parts side by side; when one ends the others are cancelled, and its exception is raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    done.pop().result()


router = APIRouter()


@router.websocket("/echo")
async def echo(ws: WebSocket) -> None:
    async with accepted(ws):
        while True:
            await ws.send_text(await receive_text(ws))


@router.websocket("/chat/{name}")
async def chat(ws: WebSocket, name: str) -> None:
    room: Chat = ws.state.chat
    inbox: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

    async def listen() -> None:
        while True:
            room.broadcast(f"{name}: {await receive_text(ws)}")

    async def speak() -> None:
        while True:
            await ws.send_text(await inbox.get())

    async with accepted(ws):
        room.inboxes.add(inbox)
        try:
            await until_one_ends(listen(), speak())
        finally:
            room.inboxes.discard(inbox)


@router.websocket("/feed", dependencies=[Depends(has_token)])
async def feed(ws: WebSocket) -> None:
    async with accepted(ws):
        await ws.send_json({"news": ws.state.greeting})
        while await receive_text(ws):
            await ws.send_json({"news": "nothing new"})
        await ws.close(1000, "an empty message ends the feed")


@router.websocket("/ticker")
async def ticker(ws: WebSocket) -> None:
    async def tick() -> None:
        number = 0
        while True:
            await ws.send_json({"tick": (number := number + 1)})
            await asyncio.sleep(0.2)

    async def watch() -> None:
        while (await ws.receive())["type"] != "websocket.disconnect":
            pass  # what the client says changes nothing

    async with accepted(ws):
        await until_one_ends(tick(), watch())


class Order(BaseModel):
    item: str
    count: int = 1


@router.websocket("/orders")
async def orders(ws: WebSocket) -> None:
    async with accepted(ws):
        while True:
            try:
                order = Order.model_validate_json(await receive_text(ws))
                await ws.send_json({"ok": True, "item": order.item})
            except ValidationError as error:
                await ws.send_json({"ok": False, "errors": error.error_count()})


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    yield {"chat": Chat(), "greeting": "good morning"}


admin = FastAPI()
admin.add_api_websocket_route("/echo", echo)

app = FastAPI(lifespan=lifespan)
app.include_router(router)
app.mount("/admin", admin)
app.add_middleware(CORSMiddleware, allow_origins=["*"])


@app.middleware("http")
async def no_store(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["cache-control"] = "no-store"
    return response
