"""Several tasks at one connection: senders side by side, deadlines on each receive, a heartbeat, context variables."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import ContextVar

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

caller: ContextVar[str] = ContextVar("caller", default="nobody")


async def senders(ws: WebSocket) -> None:
    """Four tasks answer one message together."""
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            size = len(message.get("text") or message.get("bytes") or "")
            answers = await asyncio.gather(
                *(ws.send_json({"part": part, "size": size}) for part in range(4)), return_exceptions=True
            )
            if any(isinstance(answer, Exception) for answer in answers):
                return


async def patient(ws: WebSocket) -> None:
    """wait_for() around every receive; a silent client is asked, and after a while let go."""
    await ws.accept()
    silent = 0
    with suppress(WebSocketDisconnect):
        while silent < 50:
            try:
                message = await asyncio.wait_for(ws.receive(), 0.1)
            except TimeoutError:
                silent += 1
                await ws.send_json({"silent": silent})
                continue
            if message["type"] == "websocket.disconnect":
                return
            silent = 0
        await ws.close(4008, "you said nothing")


async def heartbeat(ws: WebSocket) -> None:
    """A beat from a task of its own, which ends with the handler."""
    await ws.accept()

    async def beat() -> None:
        with suppress(WebSocketDisconnect):
            while True:
                await asyncio.sleep(0.05)
                await ws.send_json({"beat": True})

    beating = asyncio.create_task(beat())
    try:
        async with asyncio.timeout(30):
            while (await ws.receive())["type"] != "websocket.disconnect":
                pass
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def named(ws: WebSocket) -> None:
    """Who calls is known to every task below by a context variable."""
    caller.set(ws.query_params.get("name", "anybody"))
    await ws.accept()

    async def answer(text: str) -> None:
        await ws.send_text(f"{caller.get()}: {text}")

    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            await asyncio.create_task(answer(message.get("text") or "bytes"))


app = Starlette(
    routes=[
        WebSocketRoute("/senders", senders),
        WebSocketRoute("/patient", patient),
        WebSocketRoute("/heartbeat", heartbeat),
        WebSocketRoute("/named", named),
    ]
)
