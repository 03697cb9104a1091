"""A middleware cuts incoming messages at 64 KiB."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "messages"
LAYER = "middleware"
CASE = ""


class Truncator:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def truncated() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                message = {k: v[:65536] if k in {"text", "bytes"} and v else v for k, v in message.items()}
            return message

        await self.app(scope, truncated, send)


app = build(Truncator)
