"""Subprotocols: chosen by preference, demanded, or denied; each has its own language and says goodbye with a reason."""

from __future__ import annotations

import json
from contextlib import suppress

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PREFERRED = ("v3.example", "v2.example", "v1.example")


async def preferring(ws: WebSocket) -> None:
    """The newest that both speak; a client without any speaks the oldest."""
    offered = ws.scope["subprotocols"]
    chosen = next((name for name in PREFERRED if name in offered), None)
    await ws.accept(subprotocol=chosen)
    with suppress(WebSocketDisconnect):
        await ws.send_json({"speaks": chosen or PREFERRED[-1]})
        while (message := await ws.receive())["type"] == "websocket.receive":
            if message.get("text") == "":
                await ws.close(1000, "thank you, and goodbye \N{WAVING HAND SIGN}")
                return
            await ws.send_json({"got": len(message.get("text") or message.get("bytes") or "")})


async def conversing(ws: WebSocket) -> None:
    """A protocol with a hello of its own; what breaks it is answered with an error, and the connection goes on."""
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (message := await ws.receive())["type"] == "websocket.receive":
            try:
                request = json.loads(message.get("text") or message.get("bytes") or "")
            except (ValueError, RecursionError):
                await ws.send_json({"type": "error", "payload": "this is not JSON"})
                continue
            kind = request.get("type") if isinstance(request, dict) else None
            if kind == "bye":
                await ws.close(4400, "bye")
                return
            await ws.send_json({"type": "ack", "of": str(kind)[:100]})


async def full(ws: WebSocket) -> None:
    """A house that is full says so with HTTP."""
    await ws.send_denial_response(JSONResponse({"error": "no room"}, 503, {"retry-after": "60"}))


app = Starlette(
    routes=[
        WebSocketRoute("/preferring", preferring),
        WebSocketRoute("/conversing", conversing),
        WebSocketRoute("/full", full),
    ]
)
