"""A middleware takes an empty text message for the end and tells a disconnect."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "messages"
LAYER = "middleware"
CASE = ""


class EmptyIsTheEnd:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def ended() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and message.get("text") == "":
                return {"type": "websocket.disconnect", "code": 1000, "reason": ""}
            return message

        await self.app(scope, ended, send)


app = build(EmptyIsTheEnd)
