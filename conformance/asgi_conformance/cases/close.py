"""Closing: every close code and reason, from either side, as the other side must see it."""

from __future__ import annotations

from typing import Any

from .. import close_codes
from ..script import App, Client, case


def _from_client(code: int, *_: Any) -> dict[str, Any]:
    return {"code": code, "direction": "client"}


def _from_app(code: int, *_: Any) -> dict[str, Any]:
    return {"code": code, "direction": "app"}


@case(
    "close.client.code",
    requires=(
        "asgi.disconnect.code",
        "asgi.disconnect.code-type",
        "asgi.disconnect.reason",
        "rfc6455.close.code-received",
        "rfc6455.close.reason-received",
        "starlette.disconnect.raised",
        "starlette.disconnect.code",
        "starlette.disconnect.reason",
    ),
    rows=close_codes.sendable_by_a_client(),
    tags=_from_client,
)
def client_close_code_reaches_the_handler(client: Client, app: App, code: int, reason: str | None) -> None:
    """The handler's WebSocketDisconnect carries the code and reason of the client's Close frame."""
    client.opens()
    app.accepts()
    client.closes(code, reason)
    app.is_disconnected(code, reason)
