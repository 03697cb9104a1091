"""WebSocketState.RESPONSE is 4 and not 3."""

from __future__ import annotations

from enum import Enum

import starlette.websockets

from targets.broken.base import build

SECTION = "surface"
LAYER = "framework"
ALSO = ("states", "illegal")
CASE = ""


class State(Enum):
    CONNECTING = 0
    CONNECTED = 1
    DISCONNECTED = 2
    RESPONSE = 4


State.__name__ = State.__qualname__ = "WebSocketState"
starlette.websockets.WebSocketState = State  # type: ignore[assignment, misc]

app = build()
