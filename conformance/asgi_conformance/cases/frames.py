"""Frames that break RFC 6455 from the client's side: the server fails the connection and the handler is told."""

from __future__ import annotations

from ..script import App, Client, case

FAILS = ("rfc6455.fail.ends", "rfc6455.fail.close-frame", "asgi.disconnect.sent")


@case(
    "frames.unmasked",
    requires=("rfc6455.frames.client-masked", *FAILS),
    rows=(("text", 1, b"hi"), ("binary", 2, b"hi"), ("ping", 9, b"hi"), ("close", 8, b"\x03\xe8")),
)
def unmasked_frame_fails_the_connection(client: Client, app: App, opcode: int, payload: bytes) -> None:
    """A frame from the client that is not masked ends the connection."""
    client.opens()
    app.accepts()
    client.sends_frame(opcode, payload, masked=False)
    app.is_disconnected()
    client.is_ended()


@case(
    "frames.reserved-bits", requires=("rfc6455.frames.reserved-bits", *FAILS), rows=[(f"rsv-{n}", n) for n in (1, 2, 4)]
)
def reserved_bit_fails_the_connection(client: Client, app: App, rsv: int) -> None:
    """A reserved bit that no extension has given a meaning ends the connection."""
    client.opens()
    app.accepts()
    client.sends_frame(1, b"hi", rsv=rsv)
    app.is_disconnected()
    client.is_ended()


@case(
    "frames.unknown-opcode",
    requires=("rfc6455.frames.unknown-opcode", *FAILS),
    rows=[(f"opcode-{n:x}", n) for n in (3, 7, 11, 15)],
)
def unknown_opcode_fails_the_connection(client: Client, app: App, opcode: int) -> None:
    """A frame of an opcode that is not defined ends the connection."""
    client.opens()
    app.accepts()
    client.sends_frame(opcode, b"")
    app.is_disconnected()
    client.is_ended()


@case(
    "frames.control",
    requires=("rfc6455.control.received-illegal", "asgi.disconnect.sent"),
    rows=(
        ("ping-126-bytes", 9, 126, True), ("ping-fragmented", 9, 2, False),
        ("pong-126-bytes", 10, 126, True),
        ("pong-fragmented", 10, 2, False),
    ),
)
def illegal_control_frame(client: Client, app: App, opcode: int, length: int, fin: bool) -> None:
    """What a server makes of a control frame that is too long or fragmented is shown."""
    client.opens()
    app.accepts()
    client.sends_frame(opcode, b"p" * length, fin=fin)
    app.is_disconnected()
    client.is_ended()


@case(
    "frames.utf8",
    requires=("rfc6455.utf8.fail", *FAILS),
    rows=(
        ("invalid", (b"\xff\xfe",)),
        ("truncated", (b"caf\xc3",)),
        ("surrogate", (b"\xed\xa0\x80",)),
        ("overlong", (b"\xc0\xaf",)),
        ("too-high", (b"\xf4\x90\x80\x80",)),
        ("in-second-fragment", (b"ok ", b"\xff")),
        ("cut-at-the-end", (b"\xc3", b"")),
        ("broken-between", (b"\xe2", b"\x28\xa1")),
        ("in-third-fragment", (b"one ", b"two ", b"\xc0")),
    ),
)
def invalid_utf8_fails_the_connection(client: Client, app: App, parts: tuple[bytes, ...]) -> None:
    """A text message that is not UTF-8 ends the connection; the handler does not receive it."""
    client.opens()
    app.accepts()
    for index, part in enumerate(parts):
        client.sends_frame(1 if index == 0 else 0, part, fin=index == len(parts) - 1)
    app.is_disconnected()
    client.is_ended()


@case(
    "frames.after-failure",
    requires=("rfc6455.fail.no-further-data",),
    rows=(("reserved-bit", 1, 4, True), ("unknown-opcode", 3, 0, True), ("unmasked", 1, 0, False)),
)
def nothing_is_processed_after_the_failure(client: Client, app: App, opcode: int, rsv: int, masked: bool) -> None:
    """What a client sends behind the frame that broke the protocol does not reach the handler."""
    client.opens()
    app.accepts()
    client.sends_text("before")
    app.receives_text("before")
    client.sends_frame(opcode, b"", rsv=rsv, masked=masked)
    client.sends_text("after")
    app.is_disconnected()
    client.is_ended()


@case(
    "frames.control.close",
    requires=("rfc6455.control.received-illegal", "asgi.disconnect.sent"),
    rows=(("fragmented", b"\x03\xe8", False), ("126-bytes", b"\x03\xe8" + b"r" * 124, True)),
)
def illegal_close_frame(client: Client, app: App, body: bytes, fin: bool) -> None:
    """What a server makes of a Close frame that is too long or fragmented is shown; the handler is told of the end."""
    client.opens()
    app.accepts()
    client.sends_frame(8, body, fin=fin)
    app.is_disconnected()
    client.is_ended()


@case(
    "frames.fragments",
    requires=("rfc6455.fragments.received-illegal", "asgi.disconnect.sent"),
    rows=(
        ("continuation-of-nothing", ((0, True),)),
        ("continuation-after-the-last", ((1, True), (0, True))),
        ("text-within-text", ((1, False), (1, True))),
        ("binary-within-text", ((1, False), (2, True))),
        ("text-within-binary", ((2, False), (1, True))),
    ),
)
def fragments_out_of_order(client: Client, app: App, frames: tuple[tuple[int, bool], ...]) -> None:
    """What a server makes of fragments that do not belong together is shown; the handler is told of the end."""
    client.opens()
    app.accepts()
    for opcode, fin in frames:
        client.sends_frame(opcode, b"part", fin=fin)
    if frames[0] == (1, True):
        # A whole message is in front: whether it still comes through is not said.
        app.calls("iterate", kind="text", raises=True)
    else:
        app.is_disconnected()
    client.is_ended()
