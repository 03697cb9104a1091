"""Litestar: what it documents beyond what the other sections try."""

from __future__ import annotations

from ..script import App, Client, case

NEEDS = ("framework:litestar",)


@case(
    "litestar.disconnect.again",
    requires=("litestar.disconnect.raised", "litestar.disconnect.code"),
    rows=(("1000", 1000), ("1001", 1001), ("4001", 4001)),
    needs=NEEDS,
)
def litestar_says_the_same_code_twice(client: Client, app: App, code: int) -> None:
    """Each receive after the disconnect raises WebSocketDisconnect with the client's code."""
    client.opens()
    app.accepts()
    client.closes(code)
    app.is_disconnected(code)
    app.is_disconnected(code, by="receive_bytes")
