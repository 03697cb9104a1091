"""A middleware accepts the connection before the application has decided."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "handshake"
LAYER = "middleware"
CASE = ""


class EarlyAccept:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self.app(scope, receive, send)
        first = [await receive()]
        await send({"type": "websocket.accept"})

        async def replayed() -> Message:
            return first.pop() if first else await receive()

        async def without_accept(message: Message) -> None:
            if message["type"] != "websocket.accept":
                await send(message)

        await self.app(scope, replayed, without_accept)


app = build(EarlyAccept)
