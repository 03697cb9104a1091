"""A middleware swallows the body of a denial response."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "handshake"
LAYER = "middleware"
CASE = ""


class DenialEmptier:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def emptied(message: Message) -> None:
            if message["type"] == "websocket.http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app(scope, receive, emptied)


app = build(DenialEmptier)
