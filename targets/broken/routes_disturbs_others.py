"""When one client leaves, a handler closes the connections of all the others."""

from __future__ import annotations

from contextlib import suppress

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from targets.broken.base import answer, build

SECTION = "routes"
LAYER = "application"
CASE = "route.beside*"


members: set[WebSocket] = set()


async def live(ws: WebSocket) -> None:
    await ws.accept()
    members.add(ws)
    await answer(ws)
    members.discard(ws)
    for other in list(members):
        with suppress(WebSocketDisconnect, RuntimeError):
            await other.close(1011)


app = build(routes=[WebSocketRoute("/live", live)])
