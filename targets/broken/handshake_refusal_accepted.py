"""A middleware turns a close before accept into an accept and a close."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "handshake"
LAYER = "middleware"
CASE = ""


class RefusalAccepter:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = False

        async def softened(message: Message) -> None:
            nonlocal accepted
            if message["type"] == "websocket.close" and not accepted:
                await send({"type": "websocket.accept"})
            accepted = accepted or message["type"] == "websocket.accept"
            await send(message)

        await self.app(scope, receive, softened)


app = build(RefusalAccepter)
