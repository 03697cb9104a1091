"""A middleware hides from the application that sends fail because the client has gone."""

from __future__ import annotations

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "lost"
LAYER = "middleware"
ALSO = ("endings", "handshake")
CASE = ""


class ErrorSwallower:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def quiet(message: Message) -> None:
            with suppress(OSError):
                await send(message)

        await self.app(scope, receive, quiet)


app = build(ErrorSwallower)
