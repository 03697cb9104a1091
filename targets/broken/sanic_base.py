"""The right Sanic application that the targets beside it break."""

from __future__ import annotations

from typing import Any

from sanic import Request, Sanic


async def echo(request: Request, ws: Any) -> None:
    while (said := await ws.recv()) is not None:
        await ws.send(said)


def build(name: str = "conformance_broken") -> Sanic:
    """A small Sanic application: an echo."""
    app = Sanic(name)
    app.add_websocket_route(echo, "/echo")
    return app


app = build("conformance_base")
