"""A middleware empties the reason of the client's close."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "close"
LAYER = "middleware"
ALSO = ("endings",)
CASE = ""


class ReasonDropper:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def without_reason() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                message = {**message, "reason": ""}
            return message

        await self.app(scope, without_reason, send)


app = build(ReasonDropper)
