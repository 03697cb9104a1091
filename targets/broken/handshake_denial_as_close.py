"""WebSocket.send_denial_response() closes, so that the client always sees 403."""

from __future__ import annotations

from starlette.responses import Response
from starlette.websockets import WebSocket

from targets.broken.base import build, patch

SECTION = "handshake"
LAYER = "framework"
ALSO = ("illegal", "states")
CASE = ""


async def send_denial_response(self: WebSocket, response: Response) -> None:
    await self.close()


patch(WebSocket, "send_denial_response", send_denial_response)

app = build()
