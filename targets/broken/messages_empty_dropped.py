"""A middleware does not pass on empty messages that the application sends."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "messages"
LAYER = "middleware"
CASE = ""


class EmptyDropper:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def without_empty(message: Message) -> None:
            if message["type"] != "websocket.send" or message.get("text") or message.get("bytes"):
                await send(message)

        await self.app(scope, receive, without_empty)


app = build(EmptyDropper)
