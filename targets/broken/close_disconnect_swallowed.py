"""A middleware never passes a disconnect on: the application waits for ever."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "close"
LAYER = "middleware"
ALSO = ("endings", "frames", "handshake", "lost", "messages", "limits", "pings")
CASE = ""


class DisconnectSwallower:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallowed() -> Message:
            while (message := await receive())["type"] == "websocket.disconnect":
                pass
            return message

        await self.app(scope, swallowed, send)


app = build(DisconnectSwallower)
