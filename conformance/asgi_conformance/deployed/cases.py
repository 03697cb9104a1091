"""The cases of ``--url``: what holds at the wire of any WebSocket endpoint, whatever its application does.

They are a catalogue of their own: they need no target, and no target is judged by them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ..model import Case
from ..script import App, Client, case, separately
from ..values import Repeated

UNKNOWN = "unknown.asgi-conformance"
FRAMES = ("rfc6455.frames.server-unmasked", "rfc6455.control.unfragmented")
CONDUCT = (
    *FRAMES,
    "rfc6455.codes.reserved-not-sent",
    "rfc6455.codes.range",
    "rfc6455.control.length",
    "rfc6455.close.body",
    "rfc6455.close.no-data-after",
)
FAILS = ("rfc6455.fail.ends", "rfc6455.fail.close-frame")
CLOSES = (
    ("1000", 1000, None),
    ("1001", 1001, None),
    ("3000-bye", 3000, "bye"),
    ("4001-bye", 4001, "bye"),
    ("4999-123b", 4999, "r" * 123),
    ("none", None, None),
)


@cache
def load() -> tuple[Case, ...]:
    """Every case of a deployed endpoint, in the order in which they run."""
    with separately() as register:
        _define()
        return tuple(one for function in register.values() for one in function.cases())


def _define() -> None:
    @case("url.opens", requires=("rfc6455.handshake.accept", "rfc6455.handshake.extensions", *CONDUCT), kind="url")
    def endpoint_opens(client: Client, app: App) -> None:
        """A handshake is accepted with the key's own answer, and with no extension that was not offered."""
        client.opens()
        client.is_accepted()
        _leave(client)

    @case(
        "url.subprotocol",
        requires=("rfc6455.handshake.subprotocol",),
        kind="url",
        rows=(("none", ()), ("unknown", (UNKNOWN,))),
    )
    def subprotocol_was_offered(client: Client, app: App, offered: tuple[str, ...]) -> None:
        """The subprotocol that an endpoint selects is one that the client has offered."""
        client.opens(subprotocols=offered)
        client.is_accepted()
        _leave(client)

    @case(
        "url.version",
        requires=("rfc6455.handshake.version", "rfc6455.handshake.version-named"),
        kind="url",
        tags=lambda *_: {"version": "12"},
    )
    def unknown_version_is_refused(client: Client, app: App) -> None:
        """A protocol version that nobody speaks is refused, and the answer names one that is spoken."""
        client.asks(without=["Sec-WebSocket-Version"], headers=[("Sec-WebSocket-Version", "12")])
        client.is_answered()

    @case(
        "url.ping",
        requires=("rfc6455.ping.pong", *FRAMES),
        kind="url",
        rows=(("empty", b""), ("text", b"are you there?"), ("125b", bytes(range(125)))),
    )
    def ping_is_answered(client: Client, app: App, payload: bytes) -> None:
        """A ping is answered with a pong that holds the same bytes."""
        client.opens()
        client.pings(payload)
        client.is_ponged(payload)
        _leave(client)

    @case("url.ping-between-fragments", requires=("rfc6455.fragments.control-between",), kind="url")
    def ping_between_fragments_is_answered(client: Client, app: App) -> None:
        """A ping in the middle of a fragmented message is answered."""
        client.opens()
        client.sends_frame(1, "one, ", fin=False)
        client.pings(b"between")
        client.is_ponged(b"between")
        client.sends_frame(0, "two")
        _leave(client)

    @case(
        "url.message",
        requires=("rfc6455.fragments.both-supported", "rfc6455.close.handshake", *FRAMES),
        kind="url",
        rows=(
            ("text", (("whole", True),)),
            ("empty", (("", True),)),
            ("binary", ((b"\x00\xff", True),)),
            ("fragments", (("one, ", False), ("two, ", False), ("three", True))),
            ("64k", ((Repeated("abcdefgh", 8192), True),)),
        ),
        tags=lambda *_: {"message": True},
    )
    def message_is_taken(client: Client, app: App, parts: tuple[tuple[Any, bool], ...]) -> None:
        """A legal message, whole or in fragments, is taken, or the connection is ended by a closing handshake."""
        client.opens()
        for place, (payload, last) in enumerate(parts):
            first = 1 if isinstance(parts[0][0], (str, Repeated)) else 2
            client.sends_frame(0 if place else first, payload, fin=last)
        client.pings(b"behind")
        client.is_ponged(b"behind")
        _leave(client)

    @case(
        "url.close",
        requires=(
            "rfc6455.close.echo",
            "rfc6455.close.echo-prompt",
            "rfc6455.close.echo-code",
            "rfc6455.close.tcp-closed",
            *CONDUCT,
        ),
        kind="url",
        rows=CLOSES,
    )
    def close_is_answered(client: Client, app: App, code: int | None, reason: Any) -> None:
        """The client's Close frame is answered with a Close frame, and then TCP ends."""
        client.opens()
        client.is_accepted()
        client.closes(code, reason)
        client.is_closed()
        client.is_ended()

    @case(
        "url.invalid",
        requires=FAILS,
        kind="url",
        rows=(
            ("rsv1", 1, b"x", {"rsv": 4}),
            ("rsv3", 1, b"x", {"rsv": 1}),
            ("opcode-3", 3, b"x", {}),
            ("opcode-11", 11, b"", {}),
        ),
        tags=lambda *_: {"fails": True},
    )
    def invalid_frame_ends_it(client: Client, app: App, opcode: int, payload: bytes, how: dict[str, Any]) -> None:
        """A frame that nothing gives a meaning to ends the connection, with a Close frame before its end."""
        client.opens()
        client.sends_frame(opcode, payload, **how)
        client.is_ended()

    @case(
        "url.unmasked",
        requires=("rfc6455.frames.client-masked", *FAILS),
        kind="url",
        tags=lambda *_: {"fails": True},
    )
    def unmasked_frame_ends_it(client: Client, app: App) -> None:
        """A frame that is not masked ends the connection."""
        client.opens()
        client.sends_frame(1, "bare", masked=False)
        client.is_ended()

    @case(
        "url.utf8",
        requires=("rfc6455.utf8.fail", *FAILS),
        kind="url",
        rows=(("overlong", b"\xc0\xaf"), ("surrogate", b"\xed\xa0\x80"), ("cut", b"caf\xc3")),
        tags=lambda *_: {"fails": True},
    )
    def invalid_text_ends_it(client: Client, app: App, payload: bytes) -> None:
        """A text message that is not UTF-8 ends the connection."""
        client.opens()
        client.sends_frame(1, payload)
        client.is_ended()

    @case("url.again", requires=("rfc6455.handshake.accept",), kind="url", rows=(("fin", False), ("rst", True)))
    def another_client_is_served(client: Client, app: App, rudely: bool) -> None:
        """After a client that left without a Close frame the next handshake is accepted as the first one was."""
        client.opens()
        client.is_accepted()
        if rudely:
            client.resets()
        else:
            client.drops()
        client.opens_again()
        client.is_accepted()
        _leave(client)


def _leave(client: Client) -> None:
    client.closes(1000)
    client.is_ended()
