"""An ordinary Falcon application: echo, chat rooms, JSON, a feed behind a token, a ticker, and numbered channels."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import falcon
import falcon.asgi
from falcon import WebSocketDisconnected
from falcon.asgi import Request, Response, WebSocket

TOKEN = os.environ.get("FEED_TOKEN", "demo")


async def next_text(ws: WebSocket) -> str:
    """The next text message; a binary one is answered with 1003. Raises `WebSocketDisconnected` at the end."""
    try:
        return await ws.receive_text()
    except falcon.PayloadTypeError:
        with suppress(OSError):  # the client may be leaving at this very moment
            await ws.close(1003)
        raise WebSocketDisconnected(1003) from None


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


class Echo:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                await ws.send_text(await next_text(ws))


class Chat:
    def __init__(self) -> None:
        self.rooms: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)

    async def on_websocket(self, req: Request, ws: WebSocket, room: str) -> None:
        await ws.accept()
        inbox: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

        async def said() -> AsyncIterator[str]:
            while True:
                yield await inbox.get()

        self.rooms[room].add(inbox)
        try:
            with suppress(WebSocketDisconnected):
                async with sending(said(), ws):
                    while True:
                        text = await next_text(ws)
                        for member in self.rooms[room]:
                            with suppress(asyncio.QueueFull):  # who does not read misses messages and holds up nobody
                                member.put_nowait(text)
        finally:
            self.rooms[room].discard(inbox)
            if not self.rooms[room]:
                del self.rooms[room]


class Feed:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        scheme, _, token = (req.get_header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), TOKEN.encode()):
            raise falcon.HTTPUnauthorized(description="a token is needed", challenges=["Bearer"])
        await ws.accept()
        with suppress(WebSocketDisconnected):
            await ws.send_media({"news": "good morning"})
            while True:
                await next_text(ws)
                await ws.send_media({"news": "nothing new"})


class Kind:
    """Says what kind of JSON value it was sent."""

    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                try:
                    answer = {"kind": type(json.loads(await next_text(ws))).__name__}
                except (ValueError, RecursionError):
                    answer = {"error": "this is not JSON"}
                await ws.send_media(answer)


class Ticker:
    async def on_websocket(self, req: Request, ws: WebSocket, seconds: float) -> None:
        async def ticks() -> AsyncIterator[str]:
            while True:
                yield str(time.time())
                await asyncio.sleep(min(seconds, 0.2))

        await ws.accept()
        with suppress(WebSocketDisconnected):
            async with sending(ticks(), ws):
                while True:
                    await next_text(ws)  # what the client says changes nothing


class Numbered:
    async def on_websocket(self, req: Request, ws: WebSocket, number: int) -> None:
        if "v2.numbers" in ws.subprotocols:
            await ws.accept(subprotocol="v2.numbers")
        else:
            await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                await ws.send_text(f"{number}: {await next_text(ws)}")


class Health:
    async def on_get(self, req: Request, resp: Response) -> None:
        resp.media = {"healthy": True}


class Forwarded:
    """Middleware that notes who is asking, before and after the route is known."""

    async def process_request_ws(self, req: Request, ws: WebSocket) -> None:
        req.context.asked_by = req.get_header("x-forwarded-for") or req.remote_addr

    async def process_resource_ws(self, req: Request, ws: WebSocket, resource: object, params: dict[str, Any]) -> None:
        req.context.resource = type(resource).__name__


app = falcon.asgi.App(middleware=[Forwarded()])
app.add_route("/health", Health())
app.add_route("/echo", Echo())
app.add_route("/chat/{room}", Chat())
app.add_route("/feed", Feed())
app.add_route("/kind", Kind())
app.add_route("/ticker/{seconds:float}", Ticker())
app.add_route("/numbers/{number:int(min=3)}", Numbered())
