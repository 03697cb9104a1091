"""Limits: what a server does with a message that is longer than it has been told to take."""

from __future__ import annotations

from ..configurations import LIMIT
from ..script import App, Client, case

REFUSED = ("suite.limits.kept", "rfc6455.codes.too-big", "rfc6455.fail.ends", "asgi.disconnect.sent")


@case(
    "limits.exact",
    requires=("suite.limits.exact",),
    rows=(("text", (1, LIMIT)), ("binary", (2, LIMIT)), ("fragmented", (1, LIMIT // 2, LIMIT // 2))),
    server="small-messages",
)
def message_of_exactly_the_limit_arrives(client: Client, app: App, sizes: tuple[int, ...]) -> None:
    """A message of exactly as many bytes as the server takes reaches the handler."""
    client.opens()
    app.accepts()
    _sends(client, sizes)
    app.calls("receive")
    client.closes(1000)
    app.is_disconnected()


@case(
    "limits.over",
    requires=REFUSED,
    rows=(
        ("text", (1, LIMIT + 1), ()),
        ("binary", (2, LIMIT + 1), ()),
        # What is left of it comes in one piece with the client's answer. Sent at once, it would hang on how the network
        # cuts it what a server reads before it refuses.
        ("much", (1, 63 * LIMIT), (LIMIT,)),
        ("fragmented", (1, LIMIT // 2, LIMIT // 2 + 1), ()),
        ("many-fragments", (2, *(100 for _ in range(11))), ()),
    ),
    server="small-messages",
)
def longer_message_ends_the_connection(
    client: Client, app: App, sizes: tuple[int, ...], rest: tuple[int, ...]
) -> None:
    """A message of more bytes than the server takes does not reach the handler, and the connection ends."""
    client.opens()
    app.accepts()
    if rest:
        client.falls_silent()
    _sends(client, sizes, finished=not rest)
    if rest:
        client.sees_the_end_begin()
        with client.in_one_piece():
            _sends(client, (0, *rest))
            client.closes(1009)
    app.is_disconnected()
    client.is_ended()


def _sends(client: Client, sizes: tuple[int, ...], finished: bool = True) -> None:
    opcode, *parts = sizes
    for index, size in enumerate(parts):
        last = finished and index == len(parts) - 1
        client.sends_frame(opcode if index == 0 else 0, b"x" * size, fin=last)
