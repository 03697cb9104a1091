"""The broken target: one application that becomes the mutant which the environment variable MUTANT describes.

Without the variable it has no fault.
"""

from __future__ import annotations

import json
import os
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware

from . import application, framework, server
from .tamper import Orders, Receive, Send, tampered


def decoded(value: Any) -> Any:
    """Orders as JSON has them; ``{"bytes": …}`` alone stands for bytes."""
    if isinstance(value, dict):
        if set(value) == {"bytes"} and isinstance(value["bytes"], str):
            return value["bytes"].encode("latin-1")
        return {key: decoded(item) for key, item in value.items()}
    return [decoded(item) for item in value] if isinstance(value, list) else value


class Tampering:
    """A middleware with the fault in it."""

    def __init__(self, app: Any, orders: Orders) -> None:
        self.app = app
        self.orders = orders

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass a connection on."""
        if scope["type"] == "websocket":
            receive, send = tampered(self.orders, receive, send)
        await self.app(scope, receive, send)


class Idle:
    """A middleware without fault, so that there is one."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass a connection on."""
        await self.app(scope, receive, send)


def build(orders: Orders) -> Any:
    """The application with its fault; ``orders`` are those of `Mutant.orders`, {} for none."""
    layer = orders.get("layer", "")
    middleware = [Middleware(Idle)]
    if layer == "server":
        server.KINDS[orders["kind"]](orders)
    elif layer == "framework":
        framework.KINDS[orders["kind"]](orders)
    elif layer == "middleware":
        middleware = [Middleware(Tampering, orders=orders)]
    if orders.get("kind") == "surface":
        import fastapi

        return fastapi.FastAPI()
    own = orders if layer == "application" else {}
    return Starlette(routes=application.routes(own), middleware=middleware)


app = build(decoded(json.loads(os.environ.get("MUTANT", "{}"))))
