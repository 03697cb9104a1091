"""The server takes the scheme as a proxy writes it: https, for a WebSocket."""

from __future__ import annotations

from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from targets.broken.base import build, patch

SECTION = "scope"
LAYER = "server"
CASE = "scope.forwarded"


original: Any = ProxyHeadersMiddleware.__call__


async def call(self: ProxyHeadersMiddleware, scope: Any, receive: Any, send: Any) -> None:
    said = dict(scope.get("headers", ())).get(b"x-forwarded-proto", b"").decode("latin-1")
    inner = self.app

    async def as_said(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, **({"scheme": said} if said else {})}, receive, send)

    copy = object.__new__(ProxyHeadersMiddleware)
    copy.__dict__.update(self.__dict__, app=as_said)
    await original(copy, scope, receive, send)


patch(ProxyHeadersMiddleware, "__call__", call)

app = build()
