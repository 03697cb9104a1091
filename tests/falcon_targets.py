"""Falcon applications for test_framework_falcon.py: handlers with faults, and middleware that refuses."""

from __future__ import annotations

import json
from typing import Any

import falcon
import falcon.asgi


class Careless:
    """Catches nothing: Falcon takes the end of the connection quietly, and logs what is no JSON."""

    async def on_websocket(self, req: Any, ws: Any) -> None:
        await ws.accept()
        while True:
            await ws.send_media(json.loads(await ws.receive_text()))


class Denies:
    async def on_websocket(self, req: Any, ws: Any) -> None:
        raise falcon.HTTPForbidden(description="members only")


class Token:
    async def process_request_ws(self, req: Any, ws: Any) -> None:
        if not req.get_header("authorization"):
            raise falcon.HTTPUnauthorized(description="a token is needed")


class Seen:
    """Middleware that refuses what it was not asked about before."""

    async def process_request_ws(self, req: Any, ws: Any) -> None:
        req.context.passed = True

    async def process_resource_ws(self, req: Any, ws: Any, resource: Any, params: Any) -> None:
        if not req.context.passed:
            raise falcon.HTTPForbidden


app = falcon.asgi.App(middleware=[Seen()])
app.add_route("/careless", Careless())
app.add_route("/denies", Denies())

guarded = falcon.asgi.App(middleware=[Token()])
guarded.add_route("/careless", Careless())
