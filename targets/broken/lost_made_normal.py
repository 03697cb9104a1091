"""A middleware makes an abnormal end (1005, 1006) look like a normal closure."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from targets.broken.base import build

SECTION = "lost"
LAYER = "middleware"
ALSO = ("close", "endings", "handshake")
CASE = ""


class Normaliser:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def normal() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect" and message["code"] in {1005, 1006}:
                message = {**message, "code": 1000}
            return message

        await self.app(scope, normal, send)


app = build(Normaliser)
