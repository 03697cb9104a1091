"""The right application that the targets beside it break; ``targets.broken.base:app`` itself has no fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def answer(ws: WebSocket) -> None:
    """Send every message back as it came, until the client leaves."""
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            if message.get("text") is not None:
                await ws.send_text(message["text"])
            else:
                await ws.send_bytes(message["bytes"])


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    await answer(ws)


def build(*middleware: Any, routes: Sequence[BaseRoute] | None = None) -> Starlette:
    """A small Starlette application: the given middleware classes, outermost first, around an echo or the routes."""
    return Starlette(routes=routes or [WebSocketRoute("/echo", echo)], middleware=[Middleware(m) for m in middleware])


def patch(owner: type, name: str, function: Callable[..., Any]) -> None:
    """Put a function in the place of a method, for the whole process."""
    setattr(owner, name, function)


app = build()
