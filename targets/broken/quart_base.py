"""The right Quart application that the targets beside it break."""

from __future__ import annotations

from quart import Quart, websocket


async def echo() -> None:
    while True:
        await websocket.send(await websocket.receive())


def build() -> Quart:
    """A small Quart application: an echo."""
    app = Quart(__name__)
    app.add_websocket("/echo", view_func=echo)
    return app


app = build()
