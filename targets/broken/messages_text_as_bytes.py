"""A middleware sends the application's text messages as binary ones."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "messages"
LAYER = "middleware"
ALSO = ("close",)
CASE = ""


class TextAsBytes:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def encoded(message: Message) -> None:
            if message["type"] == "websocket.send" and message.get("text") is not None:
                message = {"type": "websocket.send", "bytes": message["text"].encode()}
            await send(message)

        await self.app(scope, receive, encoded)


app = build(TextAsBytes)
