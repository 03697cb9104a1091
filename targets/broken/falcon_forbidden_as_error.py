"""Falcon closes with 1011 where an error handler raised an HTTP error, and not with 3000 plus its status."""

from __future__ import annotations

from typing import Any

from falcon import HTTPForbidden
from falcon.asgi import App, WebSocket

from targets.broken.falcon_base import build

SECTION = "lost"
LAYER = "framework"
CASE = "lost.handler.raises"


async def http_error(self: App, req: Any, resp: Any, error: Any, params: Any, ws: WebSocket) -> None:
    await ws.close(1011)


async def forbid(req: Any, resp: Any, ex: Any, params: Any, ws: Any = None) -> None:
    raise HTTPForbidden


App._http_error_handler = http_error  # type: ignore[method-assign, assignment]

app = build()
app.add_error_handler(Exception, forbid)
