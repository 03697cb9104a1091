"""Threads: work in a pool, messages that a thread sends, a context manager and an exit stack around a connection."""

from __future__ import annotations

import asyncio
import threading
import weakref
from contextlib import AsyncExitStack, suppress

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

alive: weakref.WeakSet[WebSocket] = weakref.WeakSet()


def reversed_text(text: str) -> str:
    """Work that would hold the loop up."""
    return text[::-1]


async def pooled(ws: WebSocket) -> None:
    """Each message is worked on in a thread."""
    await ws.accept()
    alive.add(ws)
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await ws.send_text(await run_in_threadpool(reversed_text, message.get("text") or "bytes"))


async def from_a_thread(ws: WebSocket) -> None:
    """A thread of its own produces, the loop sends; the thread is told when nobody listens any more."""
    await ws.accept()
    loop, stop = asyncio.get_running_loop(), threading.Event()
    queue: asyncio.Queue[int] = asyncio.Queue()

    def produce() -> None:
        for number in range(10_000):
            if stop.wait(0.05):
                return
            loop.call_soon_threadsafe(queue.put_nowait, number)

    async def consume() -> None:
        with suppress(WebSocketDisconnect):
            while True:
                await ws.send_json(await queue.get())

    async with AsyncExitStack() as stack:
        stack.callback(stop.set)
        thread = threading.Thread(target=produce, daemon=True)
        thread.start()
        consumer = asyncio.create_task(consume())
        stack.callback(consumer.cancel)
        while (await ws.receive())["type"] != "websocket.disconnect":
            pass


app = Starlette(routes=[WebSocketRoute("/pooled", pooled), WebSocketRoute("/thread", from_a_thread)])
