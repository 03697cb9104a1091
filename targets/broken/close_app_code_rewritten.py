"""A middleware closes with 1000, whatever code the application chose."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "close"
LAYER = "middleware"
ALSO = ("endings",)
CASE = ""


class AppCloseRewriter:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def rewritten(message: Message) -> None:
            if message["type"] == "websocket.close":
                message = {**message, "code": 1000}
            await send(message)

        await self.app(scope, receive, rewritten)


app = build(AppCloseRewriter)
