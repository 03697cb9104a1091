"""A middleware hands the close code on as a str."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "close"
LAYER = "middleware"
ALSO = ("endings", "handshake", "lost")
CASE = ""


class CodeAsText:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def retyped() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                message = {**message, "code": str(message["code"])}
            return message

        await self.app(scope, retyped, send)


app = build(CodeAsText)
