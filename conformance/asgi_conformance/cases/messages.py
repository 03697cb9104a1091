"""Messages: what is sent on one side is received on the other, whole, in order and of the same kind."""

from __future__ import annotations

from typing import Any

from ..script import App, Client, case
from ..values import Repeated

# Lengths around the three length encodings of a frame (RFC 6455 section 5.2).
LENGTHS = (1, 125, 126, 127, 65535, 65536)
PATTERN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
MIB = Repeated(PATTERN, (1 << 20) // len(PATTERN))
MIB_BYTES = Repeated(bytes(range(256)), (1 << 20) // 256)

TEXTS: tuple[tuple[str, str | Repeated], ...] = (
    ("empty", ""),
    ("ascii", "hello"),
    ("nonascii", "tsch\xfc\xdf \u7d42\u308f\u308a \U0001f44b"),
    ("nul", "a\x00b"),
    ("newlines", "one\r\ntwo\n"),
    ("looks-like-json", '{"type":"websocket.close","code":4001}'),
    ("bom", "\ufeffmarked"),
    *((f"length-{n}", Repeated("x", n) if n > 512 else "x" * n) for n in LENGTHS),
    ("nonascii-65536", Repeated("\xfc", 32768)),
    ("1mib", MIB),
)
DATA: tuple[tuple[str, bytes | Repeated], ...] = (
    ("empty", b""),
    ("ascii", b"hello"),
    ("all-values", bytes(range(256))),
    ("not-utf8", b"\xff\xfe\x00\x80"),
    *((f"length-{n}", Repeated(b"\x80", n) if n > 512 else b"\x80" * n) for n in LENGTHS),
    ("1mib", MIB_BYTES),
)
VALUES: tuple[tuple[str, Any], ...] = (
    ("object", {"a": 1, "b": [True, None]}),
    ("list", [1, 2.5, "three"]),
    ("string", "text"),
    ("nonascii", {"gr\xfc\xdfe": "\U0001f44b"}),
    ("number", 7),
    ("zero", 0),
    ("false", False),
    ("null", None),
    ("empty-object", {}),
    ("empty-list", []),
    ("empty-string", ""),
)


@case(
    "messages.client.text",
    requires=("asgi.receive.text", "asgi.receive.one-of", "asgi.receive.after-accept", "starlette.receive.text"),
    rows=TEXTS,
)
def text_reaches_the_handler(client: Client, app: App, text: str | Repeated) -> None:
    """receive_text() returns the client's text message, unchanged."""
    client.opens()
    app.accepts()
    client.sends_text(text)
    app.receives_text(text)


@case(
    "messages.client.bytes",
    requires=("asgi.receive.bytes", "asgi.receive.one-of", "starlette.receive.bytes"),
    rows=DATA,
)
def bytes_reach_the_handler(client: Client, app: App, data: bytes | Repeated) -> None:
    """receive_bytes() returns the client's binary message, unchanged."""
    client.opens()
    app.accepts()
    client.sends_bytes(data)
    app.receives_bytes(data)


def _json_rows() -> list[tuple[str, str, Any, Any]]:
    import json

    rows: list[tuple[str, str, Any, Any]] = []
    for name, value in VALUES:
        text = json.dumps(value)
        rows += [(f"{name}-text", "text", text, value), (f"{name}-binary", "binary", text.encode(), value)]
    return rows


@case("messages.client.json", requires=("starlette.receive.json",), rows=_json_rows())
def json_reaches_the_handler(client: Client, app: App, mode: str, sent: Any, value: Any) -> None:
    """receive_json() returns the value that the client's message stands for, in both modes."""
    client.opens()
    app.accepts()
    if mode == "text":
        client.sends_text(sent)
    else:
        client.sends_bytes(sent)
    app.receives_json(value, mode)


@case("messages.client.json-default", requires=("starlette.receive.json",), needs=("framework:starlette",))
def json_is_read_from_text_by_default(client: Client, app: App) -> None:
    """receive_json() without a mode reads a text message."""
    client.opens()
    app.accepts()
    client.sends_text('{"a": 1}')
    app.calls("receive_json")


@case(
    "messages.client.raw",
    requires=("starlette.receive.raw", "starlette.state.receive-message"),
    rows=(("text", "hello"), ("bytes", b"hello")),
)
def raw_receive_returns_the_event(client: Client, app: App, payload: str | bytes) -> None:
    """receive() returns the event itself."""
    client.opens()
    app.accepts()
    if isinstance(payload, str):
        client.sends_text(payload)
    else:
        client.sends_bytes(payload)
    app.calls("receive")


@case(
    "messages.client.wrong-kind",
    requires=("starlette.receive.wrong-type", "starlette.state.receive-message"),
    rows=(("bytes-by-receive_text", b"hello", "receive_text"), ("text-by-receive_bytes", "hello", "receive_bytes")),
)
def message_of_the_other_kind(client: Client, app: App, payload: str | bytes, by: str) -> None:
    """What a receiving operation makes of a message of the other kind is shown; the states stay."""
    client.opens()
    app.accepts()
    if isinstance(payload, str):
        client.sends_text(payload)
    else:
        client.sends_bytes(payload)
    app.calls(by, raises=True)


@case(
    "messages.client.fragmented",
    requires=("rfc6455.fragments.reassembled", "asgi.fragments.complete"),
    rows=(
        ("text-two", ("hello, ", "world")),
        ("text-many", tuple("fragment")),
        ("text-empty-first", ("", "rest")),
        ("text-empty-last", ("start", "")),
        ("text-all-empty", ("", "", "")),
        ("bytes-two", (b"\x00\x01", b"\x02\xff")),
        ("bytes-empty-between", (b"\x01", b"", b"\x02")),
    ),
)
def fragments_reach_the_handler_as_one_message(client: Client, app: App, parts: tuple[Any, ...]) -> None:
    """A message in several frames is received once and whole."""
    client.opens()
    app.accepts()
    client.sends_fragments(parts)
    if isinstance(parts[0], str):
        app.receives_text("".join(parts))
    else:
        app.receives_bytes(b"".join(parts))


@case("messages.client.split-character", requires=("rfc6455.fragments.reassembled",))
def fragments_may_split_a_character(client: Client, app: App) -> None:
    """A text message may be split in the middle of a UTF-8 sequence (RFC 6455 section 5.6)."""
    client.opens()
    app.accepts()
    client.sends_frame(1, "\xfc".encode()[:1], fin=False)
    client.sends_frame(0, "\xfc".encode()[1:])
    app.receives_text("\xfc")


@case(
    "messages.client.interleaved",
    requires=("rfc6455.fragments.control-between", "rfc6455.fragments.reassembled", "rfc6455.ping.pong"),
    rows=(("text", ("one, ", "two, ", "three")), ("bytes", (b"1", b"2", b"3"))),
)
def control_frames_between_fragments_are_handled(client: Client, app: App, parts: tuple[Any, ...]) -> None:
    """A ping between two fragments is answered, and the message is received whole."""
    client.opens()
    app.accepts()
    client.sends_fragments(parts, pings_between=True)
    if isinstance(parts[0], str):
        app.receives_text("".join(parts))
    else:
        app.receives_bytes(b"".join(parts))
    client.is_ponged(b"between")


@case("messages.client.in-order", requires=("asgi.receive.in-order",), rows=(("two", 2), ("ten", 10), ("mixed", 6)))
def messages_reach_the_handler_in_order(client: Client, app: App, count: int) -> None:
    """Messages are received in the order in which they were sent, each once."""
    client.opens()
    app.accepts()
    for index in range(count):
        if count == 6 and index % 2:
            client.sends_bytes(b"%d" % index)
        else:
            client.sends_text(str(index))
    for index in range(count):
        if count == 6 and index % 2:
            app.receives_bytes(b"%d" % index)
        else:
            app.receives_text(str(index))
    client.closes(1000)
    app.is_disconnected(1000)


@case(
    "messages.client.ping",
    requires=(
        "rfc6455.ping.pong",
        "rfc6455.control.unfragmented",
        "rfc6455.frames.server-unmasked",
        "asgi.ping.handled",
    ),
    rows=(("empty", b""), ("payload", b"are you there?"), ("125-bytes", b"p" * 125), ("binary", b"\x00\xff")),
)
def ping_is_answered_by_the_server(client: Client, app: App, payload: bytes) -> None:
    """A ping is answered with a pong of the same payload, and the handler sees nothing of it."""
    client.opens()
    app.accepts()
    client.is_accepted()
    client.pings(payload)
    client.is_ponged(payload)
    client.sends_text("after")
    app.receives_text("after")


@case(
    "messages.client.pong",
    requires=("asgi.receive.text", "asgi.ping.handled", "asgi.disconnect.sent"),
    rows=(("empty", b""), ("payload", b"nobody asked")),
)
def pong_that_nobody_asked_for_changes_nothing(client: Client, app: App, payload: bytes) -> None:
    """A pong without a ping is passed over: the next message reaches the handler, and so does the close."""
    client.opens()
    app.accepts()
    client.sends_frame(10, payload)
    client.sends_text("after")
    app.receives_text("after")
    client.closes(1000)
    app.is_disconnected(1000)


@case(
    "messages.client.waited-for",
    requires=("asgi.receive.text", "asgi.connect.first", "asgi.accept.completes"),
    needs=("outermost",),
)
def receive_may_wait_before_the_accept(client: Client, app: App) -> None:
    """A task that waits in receive() since before the accept is given the client's first message."""
    client.opens()
    app.calls("receive")
    app.starts("receive")
    app.accepts()
    client.is_accepted()
    client.sends_text("first")
    app.joins()


@case(
    "messages.client.receive-given-up",
    requires=("asgi.receive.text", "asgi.receive.in-order"),
    rows=(("once", 1), ("again-and-again", 5)),
    needs=("outermost",),
)
def receive_that_is_given_up_loses_nothing(client: Client, app: App, times: int) -> None:
    """A receive() that is cancelled, as a time limit does it, takes no message with it."""
    client.opens()
    app.accepts()
    for index in range(times):
        app.starts("receive")
        app.abandons()
        client.sends_text(f"message {index}")
        app.receives_text(f"message {index}")
    client.closes(1000)
    app.calls("receive")


@case(
    "messages.app.text",
    requires=("asgi.send.text", "rfc6455.frames.server-unmasked", "starlette.send.text"),
    rows=TEXTS,
)
def text_reaches_the_client(client: Client, app: App, text: str | Repeated) -> None:
    """send_text() sends the client one text message with just that content."""
    client.opens()
    app.accepts()
    app.sends_text(text)
    client.receives_text(text)


@case(
    "messages.app.bytes",
    requires=("asgi.send.bytes", "rfc6455.frames.server-unmasked", "starlette.send.bytes"),
    rows=DATA,
)
def bytes_reach_the_client(client: Client, app: App, data: bytes | Repeated) -> None:
    """send_bytes() sends the client one binary message with just that content."""
    client.opens()
    app.accepts()
    app.sends_bytes(data)
    client.receives_bytes(data)


@case(
    "messages.app.json",
    requires=("starlette.send.json",),
    rows=[(f"{name}-{mode}", value, mode) for name, value in VALUES for mode in ("text", "binary")],
)
def json_reaches_the_client(client: Client, app: App, value: Any, mode: str) -> None:
    """send_json() sends the client the value as JSON, as text or as bytes."""
    client.opens()
    app.accepts()
    app.sends_json(value, mode)
    if mode == "text":
        client.receives_text()
    else:
        client.receives_bytes()


@case("messages.app.json-default", requires=("starlette.send.json",), needs=("framework:starlette",))
def json_is_sent_as_text_by_default(client: Client, app: App) -> None:
    """send_json() without a mode sends a text message."""
    client.opens()
    app.accepts()
    app.calls("send_json", data={"a": 1})
    client.receives_text()


@case(
    "messages.app.raw",
    requires=("starlette.send.raw", "asgi.send.text", "asgi.send.bytes"),
    rows=(
        ("text", {"text": "hello"}),
        ("bytes", {"bytes": b"hello"}),
        ("bytes-none", {"text": "hi", "bytes": None}),
        ("text-none", {"text": None, "bytes": b"hi"}),
        ("empty-text-bytes-none", {"text": "", "bytes": None}),
        ("text-none-empty-bytes", {"text": None, "bytes": b""}),
    ),
)
def raw_send_passes_the_event(client: Client, app: App, fields: dict[str, Any]) -> None:
    """send() passes a websocket.send event on as it is."""
    client.opens()
    app.accepts()
    app.calls("send", message={"type": "websocket.send", **fields})
    client.receives_text()


@case(
    "messages.app.in-order",
    requires=("asgi.send.in-order", "starlette.send.text", "starlette.send.bytes"),
    rows=(("two", 2), ("ten", 10), ("mixed", 6)),
)
def messages_reach_the_client_in_order(client: Client, app: App, count: int) -> None:
    """Messages reach the client in the order in which they were sent, each once."""
    client.opens()
    app.accepts()
    for index in range(count):
        if count == 6 and index % 2:
            app.sends_bytes(b"%d" % index)
        else:
            app.sends_text(str(index))
    for _ in range(count):
        client.receives_text()
    client.closes(1000)
    app.is_disconnected(1000)


@case(
    "messages.echo",
    requires=("asgi.connect.first", "asgi.receive.text", "asgi.send.text"),
    rows=(("once", 1), ("ten-times", 10)),
)
def messages_go_to_and_fro(client: Client, app: App, times: int) -> None:
    """Request and answer alternate on one connection."""
    client.opens()
    app.accepts()
    for index in range(times):
        client.sends_text(f"ping {index}")
        app.receives_text(f"ping {index}")
        app.sends_text(f"pong {index}")
        client.receives_text(f"pong {index}")
