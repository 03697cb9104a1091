"""What comes after an end: the other side's silence, data behind a close, and operations on what is over."""

from __future__ import annotations

from typing import Any

from ..script import App, Client, case
from .endings import CODES, TOLD


@case(
    "endings.client.never-answers",
    requires=("asgi.close.code", "rfc6455.close.started", "rfc6455.close.unanswered"),
)
def client_never_answers_the_close(client: Client, app: App) -> None:
    """The handler's close reaches a client that never answers it; whether the server waits for ever is seen."""
    client.opens()
    client.falls_silent()
    app.accepts()
    app.closes(4001, "bye")
    client.is_closed(4001)
    client.is_ended()


@case("endings.client.keeps-tcp-open", requires=("asgi.disconnect.kept-open",), rows=CODES)
def client_leaves_tcp_to_the_server(client: Client, app: App, code: int) -> None:
    """What a handler is told of a client that closes and never ends TCP, and whether it has to wait, is shown."""
    client.opens()
    client.keeps_tcp_open()
    app.accepts()
    app.starts("receive")
    client.closes(code, "bye")
    app.joins()


@case("endings.client.data-after-close", requires=("rfc6455.close.data-discarded", *TOLD), rows=(
    ("text", 1, b"late", 0),
    ("binary", 2, b"late", 0),
    ("ping", 9, b"late", 0),
    ("invalid-utf8", 1, b"\xff", 0),
    ("reserved-bit", 1, b"late", 4),
))  # fmt: skip
def data_after_the_clients_close(client: Client, app: App, opcode: int, payload: bytes, rsv: int) -> None:
    """What the client sends behind its own Close is dropped: the handler is given the disconnect and nothing else."""
    client.opens()
    app.accepts()
    with client.in_one_piece():
        client.closes(4001, "bye")
        client.sends_frame(opcode, payload, rsv=rsv)
    app.is_disconnected(4001, "bye")
    client.is_ended()


@case(
    "endings.client.closes-twice",
    requires=(*TOLD, "rfc6455.close.code-received", "rfc6455.close.reason-received"),
    rows=(("same", b"\x0f\xa1bye"), ("other", b"\x0f\xa2no"), ("empty", b""), ("illegal", b"\x03\xe7")),
)
def first_of_two_closes_counts(client: Client, app: App, second: bytes) -> None:
    """Of two Close frames of the client the first one counts."""
    client.opens()
    app.accepts()
    with client.in_one_piece():
        client.closes(4001, "bye")
        client.sends_frame(8, second)
    app.is_disconnected(4001, "bye")
    client.is_ended()


@case(
    "endings.app.after-disconnect",
    requires=(
        "asgi.send.after-disconnect",
        "asgi.send.after-disconnect-ignored",
        "starlette.send.lost",
        "starlette.state.send-lost",
        "starlette.state.disconnect-received",
    ),
    rows=(
        ("text", "send_text", {"data": "late"}),
        ("bytes", "send_bytes", {"data": b"late"}),
        ("close", "close", {"code": 4100}),
    ),
)
def app_sends_after_it_was_told(client: Client, app: App, op: str, args: dict[str, Any]) -> None:
    """An operation that sends after the disconnect was received raises what the documents name, or does nothing."""
    client.opens()
    app.accepts()
    client.closes(4001)
    app.calls("receive")
    client.is_ended()
    app.calls(op, raises=True, **args)


@case(
    "endings.app.after-close",
    requires=("asgi.close.code", "rfc6455.close.no-data-after", "asgi.close.again", "starlette.illegal.send"),
    rows=(
        ("text", "send_text", {"data": "late"}),
        ("bytes", "send_bytes", {"data": b"late"}),
        ("close", "close", {"code": 4100}),
    ),
)
def app_sends_after_its_close(client: Client, app: App, op: str, args: dict[str, Any]) -> None:
    """What a handler sends after its own close() does not reach the client: no message and no second code."""
    client.opens()
    app.accepts()
    client.is_accepted()
    client.falls_silent()
    app.closes(4001, "bye")
    app.calls(op, raises=True, **args)
    client.is_closed(4001, "bye")
    client.closes(4001)
    client.is_ended()


@case("endings.app.accepts-twice", requires=("asgi.accept.again", "asgi.close.code", "starlette.illegal.send"))
def app_accepts_twice(client: Client, app: App) -> None:
    """What becomes of a second accept is shown; the connection can still be closed in order."""
    client.opens()
    app.accepts()
    app.calls("send", message={"type": "websocket.accept"}, raises=True)
    app.closes(4001, "bye", may_raise=True)
    client.is_ended()


@case(
    "endings.receive.again",
    requires=("asgi.disconnect.sent", "asgi.disconnect.once", "starlette.illegal.receive"),
    rows=(("close", "closes"), ("fin", "drops"), ("rst", "resets")),
)
def receive_after_the_disconnect(client: Client, app: App, leaves: str) -> None:
    """What a handler gets that receives again after the disconnect is shown; Starlette's receive() raises."""
    client.opens()
    app.accepts()
    client.is_accepted()
    getattr(client, leaves)()
    app.calls("receive")
    app.calls("receive", raises=True)


@case("endings.early.data", requires=("asgi.disconnect.sent", "asgi.connect.early-data"))
def client_sends_before_it_was_accepted(client: Client, app: App) -> None:
    """A client that sends a message before the handshake is answered is served, or its handler is told of the end."""
    client.opens_with(b"\x81\x85\x00\x00\x00\x00early")
    app.calls("receive")
    app.calls("accept", raises=True)
    client.is_answered()
    client.drops()
    app.calls("iterate", kind="text", raises=True)
