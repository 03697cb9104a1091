"""Abnormal ends: a connection that is gone without a Close frame, and a handler that goes on sending."""

from __future__ import annotations

from ..script import App, Client, case

LOST = (
    "asgi.disconnect.sent",
    "asgi.disconnect.lost-code",
    "asgi.disconnect.code-type",
    "rfc6455.close.code-lost",
    "starlette.disconnect.raised",
    "starlette.disconnect.code",
)
WAYS = (("fin", "drops"), ("rst", "resets"), ("half", "half_closes"))


@case("lost.open", requires=LOST, rows=WAYS)
def lost_connection_reaches_the_handler(client: Client, app: App, leaves: str) -> None:
    """A handler that waits for a message receives the disconnect when the connection is lost."""
    client.opens()
    app.accepts()
    client.is_accepted()
    getattr(client, leaves)()
    app.is_disconnected(1006)


@case("lost.mid-frame", requires=LOST, rows=WAYS)
def connection_lost_in_the_middle_of_a_frame(client: Client, app: App, leaves: str) -> None:
    """A frame that is never finished leaves nothing behind but the disconnect."""
    client.opens()
    app.accepts()
    client.is_accepted()
    client.sends_raw(b"\x81\x85\x00\x00")
    getattr(client, leaves)()
    app.is_disconnected(1006)


@case("lost.mid-message", requires=LOST, rows=WAYS)
def connection_lost_in_the_middle_of_a_message(client: Client, app: App, leaves: str) -> None:
    """A message that is never finished leaves nothing behind but the disconnect."""
    client.opens()
    app.accepts()
    client.sends_frame(1, "first part, ", fin=False)
    getattr(client, leaves)()
    app.is_disconnected(1006)


@case("lost.after-message", requires=("asgi.disconnect.sent", "starlette.disconnect.raised"), rows=WAYS[:1] + WAYS[2:])
def connection_lost_behind_a_message(client: Client, app: App, leaves: str) -> None:
    """A handler that has received a message and waits for the next receives the disconnect."""
    client.opens()
    app.accepts()
    client.sends_text("last words")
    app.receives_text("last words")
    getattr(client, leaves)()
    app.is_disconnected(1006)


@case(
    "lost.send.closed",
    requires=(
        "asgi.send.after-disconnect",
        "asgi.send.after-disconnect-ignored",
        "starlette.send.lost",
        "starlette.state.send-lost",
    ),
    rows=(("1000", 1000), ("1001", 1001), ("4001", 4001)),
)
def send_after_the_client_has_closed(client: Client, app: App, code: int) -> None:
    """Once the client has gone, send_text() raises WebSocketDisconnect(1006) and application_state is DISCONNECTED."""
    client.opens()
    app.accepts()
    client.closes(code)
    client.is_closed(code)
    client.is_ended()
    app.sends_until_it_raises()


@case(
    "lost.send.gone",
    requires=("asgi.send.after-disconnect", "asgi.send.after-disconnect-ignored", "starlette.send.lost"),
    rows=(("rst", "resets"), ("half", "half_closes")),
)
def send_after_the_connection_is_lost(client: Client, app: App, leaves: str) -> None:
    """Once the connection is lost, sending raises sooner or later what the framework documents."""
    client.opens()
    app.accepts()
    client.is_accepted()
    getattr(client, leaves)()
    app.sends_until_it_raises()


@case(
    "lost.send.bytes",
    requires=(
        "asgi.send.after-disconnect",
        "starlette.send.lost",
        "starlette.state.send-lost",
        "starlette.state.close",
    ),
    rows=(
        ("bytes", "send_bytes", {"data": b"x"}),
        ("json", "send_json", {"data": {"x": 1}}),
        ("json-binary", "send_json", {"data": {"x": 1}, "mode": "binary"}),
        ("close", "close", {}),
    ),
)
def every_sending_operation_notices(client: Client, app: App, op: str, args: dict[str, object]) -> None:
    """Every sending operation raises WebSocketDisconnect(1006) where the server's send raises OSError."""
    client.opens()
    app.accepts()
    client.closes(1000)
    client.is_ended()
    if op == "close":
        app.calls("close", raises=True)
    else:
        app.calls(op, raises=True, **args, until_raises=200)


@case("lost.handler.returns", requires=("asgi.application.ends-connection", "rfc6455.close.handshake"))
def handler_returns_without_closing(client: Client, app: App) -> None:
    """The connection ends when the handler returns without having closed it."""
    client.opens()
    app.accepts()
    app.returns()
    client.is_ended()


@case("lost.handler.raises", requires=("asgi.application.error-ends-connection",))
def handler_raises(client: Client, app: App) -> None:
    """The connection ends when an exception comes out of the handler."""
    client.opens()
    app.accepts()
    app.raises()
    client.is_ended()
