"""A middleware swaps two messages that arrive close together."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "messages"
LAYER = "middleware"
ALSO = ("close",)
CASE = ""


class Swapper:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        waiting: list[asyncio.Future[Message]] = []

        async def swapped() -> Message:
            first = await (waiting.pop(0) if waiting else asyncio.ensure_future(receive()))
            if first["type"] != "websocket.receive":
                return first
            second = asyncio.ensure_future(receive())
            waiting.append(second)
            await asyncio.wait([second], timeout=0.05)
            if second.done() and second.result()["type"] == "websocket.receive":
                waiting[0] = asyncio.get_running_loop().create_future()
                waiting[0].set_result(first)
                return second.result()
            return first

        await self.app(scope, swapped, send)


app = build(Swapper)
