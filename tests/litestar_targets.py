"""Litestar applications for test_framework_litestar.py: handlers with faults, middleware and guards that refuse."""

from __future__ import annotations

import json
from typing import Any

from litestar import Litestar, WebSocket, asgi, websocket
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.logging import LoggingConfig
from litestar.middleware import ASGIMiddleware


@websocket("/careless")
async def careless(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    while True:
        await socket.send_json(json.loads(await socket.receive_text()))


def members_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    raise PermissionDeniedException("members only")


@websocket("/denies", guards=[members_only])
async def denies(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()


class Token(ASGIMiddleware):
    async def handle(self, scope: Any, receive: Any, send: Any, next_app: Any) -> None:
        if not any(name == b"authorization" for name, _ in scope["headers"]):
            raise NotAuthorizedException("a token is needed")
        await next_app(scope, receive, send)


class Wall:
    """A middleware that raises in its own ``__call__``, a name that methods of Litestar's have too."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise PermissionDeniedException("nobody")


async def passing(scope: Any, receive: Any, send: Any, app: Any) -> None:
    await app(scope, receive, send)


def plain(app: Any) -> Any:
    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return middleware


logs = LoggingConfig(log_exceptions="always")
app = Litestar([careless, denies], middleware=[plain], logging_config=logs)
quiet = Litestar([careless])
guarded = Litestar([careless], middleware=[Token()])
walled = Litestar([careless], middleware=[Wall])


@asgi("/inner", is_mount=True, copy_scope=True)
async def mounted(scope: Any, receive: Any, send: Any) -> None:
    await quiet(scope, receive, send)


outer = Litestar([mounted, denies])
