"""A middleware tells the application a disconnect (1006) in place of the second message."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "messages"
LAYER = "middleware"
ALSO = ("close",)
CASE = ""


class DisconnectInventor:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        count = 0

        async def limited() -> Message:
            nonlocal count
            message = await receive()
            count += message["type"] == "websocket.receive"
            return message if count < 2 else {"type": "websocket.disconnect", "code": 1006, "reason": ""}

        await self.app(scope, limited, send)


app = build(DisconnectInventor)
