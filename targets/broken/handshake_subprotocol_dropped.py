"""A middleware accepts without the subprotocol that the application chose."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "handshake"
LAYER = "middleware"
CASE = ""


class SubprotocolDropper:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def without_subprotocol(message: Message) -> None:
            if message["type"] == "websocket.accept":
                message = {**message, "subprotocol": None}
            await send(message)

        await self.app(scope, receive, without_subprotocol)


app = build(SubprotocolDropper)
