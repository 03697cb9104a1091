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
    if op == "send_text":
        app.calls(op, raises=True, **args)
        return
    with app.together():
        app.calls(op, **args)
        client.is_accepted()
        client.sends_text("hello")


@case(
    "quart.response.denies",
    requires=("quart.response.denies", "asgi.denial.status", "asgi.denial.body"),
    rows=(("401", 401, b"who are you?"), ("403-empty", 403, b""), ("503", 503, b"later")),
    needs=("denial", *NEEDS),
)
def quart_answers_with_what_the_handler_returns(client: Client, app: App, status: int, body: bytes) -> None:
    """What a handler returns in the place of accepting is the answer to the handshake."""
    client.opens()
    app.denies(status, (("content-type", "text/plain"),), (body,))
    client.is_refused(status)
