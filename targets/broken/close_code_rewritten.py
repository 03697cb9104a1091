"""A middleware tells the application 1000, whatever code the client closed with."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "close"
LAYER = "middleware"
ALSO = ("endings", "handshake", "lost")
CASE = ""


class CloseRewriter:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def rewritten() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                message = {**message, "code": 1000}
            return message

        await self.app(scope, rewritten, send)


app = build(CloseRewriter)
