"""A middleware sends every accept a second time."""

from __future__ import annotations

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "handshake"
LAYER = "middleware"
CASE = ""


class SecondAccept:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def twice(message: Message) -> None:
            await send(message)
            if message["type"] == "websocket.accept":
                with suppress(RuntimeError):
                    await send(message)

        await self.app(scope, receive, twice)


app = build(SecondAccept)
