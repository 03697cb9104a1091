"""BlackSheep's WebSocketDisconnectError has code 1000, whatever the event said."""

from __future__ import annotations

from blacksheep.server.websocket import WebSocketDisconnectError

from targets.blacksheep_app import app as app
from targets.broken.base import patch

SECTION = "close"
LAYER = "framework"
ALSO = ("lost", "blacksheep", "handshake", "iteration")
CASE = ""

original = WebSocketDisconnectError.__init__


def __init__(self: WebSocketDisconnectError, code: int = 1000) -> None:
    original(self, 1000)


patch(WebSocketDisconnectError, "__init__", __init__)
