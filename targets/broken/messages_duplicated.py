"""A middleware delivers every message twice."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "messages"
LAYER = "middleware"
ALSO = ("close", "pings")
CASE = ""


class Duplicator:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        again: list[Message] = []

        async def duplicated() -> Message:
            if again:
                return again.pop()
            message = await receive()
            if message["type"] == "websocket.receive":
                again.append(message)
            return message

        await self.app(scope, duplicated, send)


app = build(Duplicator)
