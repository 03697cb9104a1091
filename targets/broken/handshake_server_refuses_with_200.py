"""The server answers a handshake that it refuses with 200."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from websockets.http11 import Response
from websockets.server import ServerProtocol

from targets.broken.base import build, patch

SECTION = "handshake"
LAYER = "server"
CASE = "handshake.malformed"


original: Any = ServerProtocol.reject


def reject(self: ServerProtocol, status: HTTPStatus, text: str) -> Response:
    response: Response = original(self, HTTPStatus.OK if status == HTTPStatus.BAD_REQUEST else status, text)
    return response


patch(ServerProtocol, "reject", reject)

app = build()
