"""The right Falcon application that the targets beside it break."""

from __future__ import annotations

from contextlib import suppress

import falcon.asgi
from falcon import WebSocketDisconnected
from falcon.asgi import Request, WebSocket


class Echo:
    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        await ws.accept()
        with suppress(WebSocketDisconnected):
            while True:
                await ws.send_text(await ws.receive_text())


def build() -> falcon.asgi.App:
    """A small Falcon application: an echo."""
    app = falcon.asgi.App()
    app.add_route("/echo", Echo())
    return app


app = build()
