"""Closing: every close code and reason, from either side, as the other side must see it."""

from __future__ import annotations

from typing import Any

from .. import close_codes
from ..script import App, Client, case


def _from_client(code: int, *_: Any) -> dict[str, Any]:
    return {"code": code, "direction": "client"}


def _from_app(code: int, *_: Any) -> dict[str, Any]:
    return {"code": code, "direction": "app"}


RECEIVED = (
    "asgi.disconnect.sent",
    "asgi.disconnect.code-type",
    "starlette.disconnect.raised",
    "starlette.disconnect.code",
    "starlette.disconnect.reason",
)
EXACT = (
    "asgi.disconnect.code",
    "asgi.disconnect.reason",
    "rfc6455.close.code-received",
    "rfc6455.close.reason-received",
)
FAILED = ("asgi.disconnect.sent", "asgi.disconnect.illegal-code", "rfc6455.fail.ends", "rfc6455.fail.close-frame")
ON_THE_WIRE = (
    "asgi.close.code",
    "asgi.close.reason",
    "rfc6455.close.started",
    "rfc6455.close.body",
    "rfc6455.close.tcp-closed",
    "rfc6455.frames.server-unmasked",
    "starlette.close.code",
    "starlette.close.reason",
)
# One code of each class, for what need not be tried with all of them.
FEW = (("1000-none", 1000, None), ("1001-bye", 1001, "bye"), ("3000-bye", 3000, "bye"), ("4001-bye", 4001, "bye"))


# From the client


@case("close.client.code", requires=(*EXACT, *RECEIVED), rows=close_codes.sendable_by_a_client(), tags=_from_client)
def client_close_code_reaches_the_handler(client: Client, app: App, code: int, reason: str | None) -> None:
    """The handler's WebSocketDisconnect carries the code and reason of the client's Close frame."""
    client.opens()
    app.accepts()
    client.closes(code, reason)
    app.is_disconnected(code, reason)


@case("close.client.reason", requires=("asgi.disconnect.reason-early",))
def reason_of_the_client_is_noted(client: Client, app: App) -> None:
    """Whether a server passes on the client's reason that is not yet held to it is shown."""
    client.opens()
    app.accepts()
    client.closes(4001, "bye")
    app.calls("receive")


@case("close.client.empty", requires=("asgi.disconnect.default-code", "rfc6455.close.code-absent", *RECEIVED))
def empty_close_frame_is_1005(client: Client, app: App) -> None:
    """A Close frame without a code reaches the handler as 1005 with an empty reason."""
    client.opens()
    app.accepts()
    client.closes()
    app.is_disconnected(1005, "")


@case(
    "close.client.registered",
    requires=("asgi.disconnect.registered-code", *RECEIVED),
    rows=close_codes.registered_from_a_client(),
    tags=_from_client,
)
def registered_code_reaches_the_handler(client: Client, app: App, code: int, reason: str | None) -> None:
    """A code that IANA registered after the RFC reaches the handler, or the server's refusal of it does."""
    client.opens()
    app.accepts()
    client.closes(code, reason)
    app.is_disconnected()


@case(
    "close.client.illegal",
    requires=(*FAILED, "rfc6455.codes.range", "rfc6455.codes.unassigned"),
    rows=close_codes.illegal_from_a_client(),
    tags=_from_client,
)
def illegal_close_fails_the_connection(client: Client, app: App, code: int, reason: str | bytes | None) -> None:
    """A Close frame that breaks the protocol ends the connection with 1002 or 1007, and the handler is told once."""
    client.opens()
    app.accepts()
    client.closes(code, reason)
    app.is_disconnected()
    client.is_ended()


@case("close.client.malformed", requires=FAILED, rows=close_codes.malformed_from_a_client())
def close_body_of_one_byte_fails_the_connection(client: Client, app: App, body: bytes) -> None:
    """A Close frame with half a code ends the connection, and the handler is told once."""
    client.opens()
    app.accepts()
    client.closes_with(body)
    app.is_disconnected()
    client.is_ended()


@case(
    "close.client.answered",
    requires=(
        "rfc6455.close.echo",
        "rfc6455.close.echo-code",
        "rfc6455.close.handshake",
        "rfc6455.close.no-data-after",
        "rfc6455.close.tcp-first",
        "rfc6455.close.tcp-closed",
        "rfc6455.close.tcp-clean",
    ),
    rows=FEW,
    tags=_from_client,
)
def client_close_is_answered(client: Client, app: App, code: int, reason: str | None) -> None:
    """The server answers the client's Close frame with its own and then ends TCP, before the client does."""
    client.opens()
    app.accepts()
    client.closes(code, reason)
    client.is_closed(code)
    client.is_ended()
    app.is_disconnected(code, reason)


@case("close.client.mid-message", requires=("asgi.disconnect.code", *RECEIVED), rows=FEW, tags=_from_client)
def client_closes_in_the_middle_of_a_message(client: Client, app: App, code: int, reason: str | None) -> None:
    """A Close frame between two fragments arrives as such; of the unfinished message nothing does."""
    client.opens()
    app.accepts()
    client.sends_frame(1, "first part, ", fin=False)
    client.closes(code, reason)
    app.is_disconnected(code, reason)


@case("close.client.after-messages", requires=("asgi.disconnect.code", "asgi.receive.in-order"), rows=FEW)
def client_closes_behind_unread_messages(client: Client, app: App, code: int, reason: str | None) -> None:
    """Messages that were sent before the Close frame are received before the disconnect."""
    client.opens()
    app.accepts()
    client.sends_text("one")
    client.sends_text("two")
    client.closes(code, reason)
    app.receives_text("one")
    app.receives_text("two")
    app.is_disconnected(code, reason)


@case("close.client.while-app-sends", requires=("asgi.disconnect.code", "asgi.disconnect.sent"), rows=FEW)
def client_closes_while_the_app_sends(client: Client, app: App, code: int, reason: str | None) -> None:
    """A handler that is sending when the client closes still receives the disconnect with the client's code."""
    client.opens()
    app.accepts()
    with app.together():
        client.closes(code, reason)
        for _ in range(8):
            app.calls("send_text", data="tick", raises=True)
    app.calls("receive")


@case(
    "close.client.each-receiver",
    requires=("asgi.disconnect.code", *RECEIVED),
    rows=[
        (f"{by}-{code}", by, code)
        for by in ("receive_text", "receive_bytes", "receive_json")
        for code in (1000, 1001, 4001)
    ],
)
def every_receiving_operation_raises(client: Client, app: App, by: str, code: int) -> None:
    """Each of the receiving operations raises WebSocketDisconnect with the client's code and reason."""
    client.opens()
    app.accepts()
    client.closes(code, "bye")
    app.is_disconnected(code, "bye", by=by)


@case(
    "close.client.json-binary",
    requires=("starlette.disconnect.raised", "starlette.disconnect.code", "starlette.disconnect.reason"),
    rows=FEW,
    tags=_from_client,
    needs=("framework:starlette",),
)
def receiving_json_from_bytes_raises(client: Client, app: App, code: int, reason: str | None) -> None:
    """receive_json(mode='binary') raises WebSocketDisconnect with the client's code and reason, like the others."""
    client.opens()
    app.accepts()
    client.closes(code, reason)
    app.calls("receive_json", mode="binary", raises="WebSocketDisconnect")


# From the application


@case("close.app.code", requires=ON_THE_WIRE, rows=close_codes.sendable_by_an_app(), tags=_from_app)
def app_close_code_reaches_the_client(client: Client, app: App, code: int, reason: str | None) -> None:
    """The client receives a Close frame with the code and reason of the handler's close()."""
    client.opens()
    app.accepts()
    app.closes(code, reason)
    client.is_closed(code, reason)
    client.is_ended()


@case("close.app.reason", requires=("asgi.close.reason-early",))
def reason_of_the_app_is_noted(client: Client, app: App) -> None:
    """Whether a server writes the handler's reason to the wire that is not yet held to it is shown."""
    client.opens()
    app.accepts()
    app.closes(4001, "bye")
    client.is_closed(4001)


@case("close.app.default", requires=("asgi.close.code", "starlette.close.code", "starlette.close.reason"))
def app_close_without_a_code_is_1000(client: Client, app: App) -> None:
    """close() without arguments closes with 1000 and no reason."""
    client.opens()
    app.accepts()
    app.closes()
    client.is_closed(1000)


@case("close.app.event-without-code", requires=("asgi.close.default-code", "starlette.send.raw"))
def close_event_without_a_code_is_1000(client: Client, app: App) -> None:
    """A websocket.close event that has no code closes with 1000."""
    client.opens()
    app.accepts()
    app.calls("send", message={"type": "websocket.close"})
    client.is_closed(1000)


@case(
    "close.app.event-without-reason",
    requires=("asgi.close.code", "asgi.close.reason", "starlette.send.raw"),
    rows=(("absent", {}), ("none", {"reason": None})),
)
def close_event_without_a_reason_has_none(client: Client, app: App, fields: dict[str, Any]) -> None:
    """A websocket.close event whose reason is absent or None closes with its code and no reason."""
    client.opens()
    app.accepts()
    app.calls("send", message={"type": "websocket.close", "code": 3000, **fields}, raises=True)
    client.is_closed(3000, "")


@case(
    "close.app.illegal",
    requires=(
        "asgi.close.illegal-code",
        "rfc6455.codes.reserved-not-sent",
        "rfc6455.control.length",
        "rfc6455.close.body",
    ),
    rows=close_codes.illegal_from_an_app(),
    tags=_from_app,
)
def illegal_app_close_is_kept_off_the_wire(client: Client, app: App, code: int, reason: str | None) -> None:
    """Whatever the handler asks for, no reserved code and no overlong Close frame reaches the client."""
    client.opens()
    app.accepts()
    app.closes(code, reason, may_raise=True)
    client.is_ended()


@case(
    "close.app.client-only",
    requires=("rfc6455.codes.client-only", "rfc6455.close.body", "rfc6455.control.length"),
    rows=close_codes.client_only_from_an_app(),
    tags=_from_app,
)
def app_close_with_a_code_of_clients(client: Client, app: App, code: int, reason: str | None) -> None:
    """1010 is meant for clients; what a server makes of it is shown."""
    client.opens()
    app.accepts()
    app.closes(code, reason, may_raise=True)
    client.is_ended()


@case("close.app.answered", requires=("asgi.disconnect.after-own-close", "asgi.disconnect.sent"), rows=FEW)
def app_close_is_followed_by_a_disconnect(client: Client, app: App, code: int, reason: str | None) -> None:
    """After the handler's close() and the client's answer, a disconnect with the answered code is received."""
    client.opens()
    app.accepts()
    app.closes(code, reason)
    client.is_closed(code)
    client.is_ended()
    app.calls("receive")


@case(
    "close.app.answered-otherwise",
    requires=("asgi.disconnect.after-own-close", "asgi.disconnect.sent", "rfc6455.close.simultaneous"),
    rows=(("4100-4001", 4100, 4001), ("1000-4001", 1000, 4001), ("4100-1000", 4100, 1000)),
)
def client_answers_with_a_code_of_its_own(client: Client, app: App, code: int, answer: int) -> None:
    """When both sides close, the disconnect that is received afterwards carries the code of the client's frame."""
    client.opens()
    client.falls_silent()
    app.accepts()
    app.closes(code)
    client.is_closed(code)
    client.closes(answer)
    client.is_ended()
    app.calls("receive")


@case(
    "close.both", requires=("asgi.disconnect.sent", "rfc6455.close.no-data-after", "rfc6455.close.tcp-closed"), rows=FEW
)
def both_sides_close_at_once(client: Client, app: App, code: int, reason: str | None) -> None:
    """When both sides close at once the connection ends, and the handler can receive the disconnect."""
    client.opens()
    app.accepts()
    with app.together():
        client.closes(code, reason)
        app.closes(4100, may_raise=True)
    client.is_ended()
    app.calls("receive")


@case("close.app.after-messages", requires=("asgi.send.in-order", "asgi.close.code"), rows=FEW)
def app_closes_behind_its_messages(client: Client, app: App, code: int, reason: str | None) -> None:
    """Messages that were sent before close() reach the client before the Close frame."""
    client.opens()
    app.accepts()
    app.sends_text("one")
    app.sends_text("two")
    app.closes(code, reason)
    client.receives_text("one")
    client.receives_text("two")
    client.is_closed(code, reason)


@case("close.app.mid-message", requires=("asgi.close.code", "rfc6455.close.started"), rows=FEW)
def app_closes_in_the_middle_of_the_clients_message(client: Client, app: App, code: int, reason: str | None) -> None:
    """The handler's close() goes out although the client has an unfinished message under way."""
    client.opens()
    app.accepts()
    client.sends_frame(1, "first part, ", fin=False)
    app.closes(code, reason)
    client.is_closed(code, reason)
    client.is_ended()
