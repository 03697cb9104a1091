"""Quart: what it documents beyond what the other sections try."""

from __future__ import annotations

from typing import Any

from ..script import App, Client, case

NEEDS = ("framework:quart",)


@case(
    "quart.accept.automatic",
    requires=("quart.accept.automatic",),
    rows=(("send", "send_text", {"data": "hello"}), ("receive", "receive_text", {})),
    needs=NEEDS,
)
def quart_accepts_by_itself(client: Client, app: App, op: str, args: dict[str, Any]) -> None:
    """receive() and send() accept the request where the handler has not."""
    client.opens()
    with app.together():
        app.calls(op, **args)
        client.is_accepted()
        client.sends_text("hello")
