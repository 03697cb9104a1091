"""The server writes the date of its 101 twice."""

from __future__ import annotations

from typing import Any

from websockets.http11 import Response

from targets.broken.base import build, patch

SECTION = "handshake"
LAYER = "server"
CASE = "handshake.accept"


original: Any = Response.serialize


def serialize(self: Response) -> bytes:
    data: bytes = original(self)
    return data.replace(b"\r\n", b"\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT\r\n", 1) if self.status_code == 101 else data


patch(Response, "serialize", serialize)

app = build()
