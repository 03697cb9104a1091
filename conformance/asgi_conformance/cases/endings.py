"""Endings from both sides: closes that cross, second tasks that wait or are blocked, and handlers that just end."""

from __future__ import annotations

from ..script import App, Client, case
from ..values import Repeated

TOLD = ("asgi.disconnect.sent", "asgi.disconnect.code", "asgi.disconnect.reason")
AFTER = ("rfc6455.close.no-data-after", "starlette.send.lost")
CODES = (("1000", 1000), ("1001", 1001), ("4001", 4001))
ENDS = (("returns", "returns"), ("raises", "raises"), ("cancelled", "is_cancelled"))
# More than the buffers of a narrow connection hold, in pieces.
PIECE, PIECES = Repeated("x", 1 << 16), 24
# More than a narrow connection takes at once, and so little that the system takes it from any server.
BEHIND = Repeated("x", 1 << 13)


# Both sides close


@case(
    "endings.both.crossed",
    requires=(
        "asgi.disconnect.sent",
        "asgi.disconnect.after-own-close",
        "rfc6455.close.simultaneous",
        "rfc6455.close.no-data-after",
    ),
    rows=CODES,
)
def closes_cross_on_the_wire(client: Client, app: App, code: int) -> None:
    """Where two Close frames cross, the connection ends and the disconnect carries the code of the client's frame."""
    client.opens()
    app.accepts()
    client.is_accepted()
    client.stops_reading()
    app.starts("close", code=4100)
    client.closes(code, "bye")
    client.reads_again()
    client.is_ended()
    app.joins()
    app.calls("receive", raises=True)


@case("endings.both.client-first", requires=(*TOLD, "asgi.disconnect.after-own-close", *AFTER), rows=CODES)
def app_closes_after_the_client(client: Client, app: App, code: int) -> None:
    """A close() that comes after the client's Close changes nothing in what the disconnect says."""
    client.opens()
    app.accepts()
    client.closes(code, "bye")
    client.is_closed(code)
    client.is_ended()
    app.closes(4100, may_raise=True)
    app.calls("receive", raises=True)


# A second task of the handler waits in receive()


@case(
    "endings.waiting.app-closes",
    requires=("asgi.disconnect.sent", "asgi.disconnect.after-own-close", "asgi.close.code"),
    rows=CODES,
)
def close_ends_the_receive_of_another_task(client: Client, app: App, code: int) -> None:
    """A task that waits in receive() is given the disconnect when another task closes."""
    client.opens()
    app.accepts()
    app.starts("receive")
    app.closes(code, "bye")
    client.is_closed(code, "bye")
    client.is_ended()
    app.joins()


@case(
    "endings.waiting.app-closes-unanswered",
    requires=("asgi.close.code", "asgi.disconnect.unanswered"),
)
def handler_waits_for_an_answer_that_never_comes(client: Client, app: App) -> None:
    """What a handler is told that waits in receive() after its own close, which the client never answers, is shown."""
    client.opens()
    client.falls_silent()
    app.accepts()
    app.starts("receive")
    app.closes(4001, "bye")
    client.is_closed(4001)
    app.joins()


@case("endings.waiting.client-closes", requires=TOLD, rows=CODES)
def clients_close_reaches_the_task_that_waits(client: Client, app: App, code: int) -> None:
    """A task that waits in receive() while another one sends is given the client's close."""
    client.opens()
    app.accepts()
    app.starts("receive")
    app.sends_text("one")
    client.receives_text("one")
    client.closes(code, "bye")
    app.joins()


@case(
    "endings.waiting.handler-ends",
    requires=("asgi.application.ends-connection", "asgi.application.error-ends-connection", "rfc6455.close.tcp-closed"),
    rows=ENDS,
)
def handler_ends_while_a_task_waits(client: Client, app: App, ends: str) -> None:
    """The connection ends with the handler, also where a task of it still waits in receive()."""
    client.opens()
    app.accepts()
    app.starts("receive")
    getattr(app, ends)()
    client.is_ended()


# A send is held up because the client does not read


def _held_up(client: Client, app: App) -> None:
    client.opens_narrowly()
    app.accepts()
    client.is_accepted()
    client.stops_reading()
    app.starts("send_text", data=PIECE, until_raises=PIECES)


@case(
    "endings.blocked.client-leaves",
    requires=("asgi.send.returns", "asgi.disconnect.sent", "asgi.disconnect.code", "asgi.disconnect.lost-code"),
    rows=(("close", "closes"), ("fin", "drops"), ("rst", "resets"), ("half", "half_closes")),
)
def client_leaves_while_a_send_is_held_up(client: Client, app: App, leaves: str) -> None:
    """A send that waits for the client to read ends when the client leaves, and the disconnect is received."""
    _held_up(client, app)
    if leaves == "closes":
        client.closes(4001, "bye")
    else:
        getattr(client, leaves)()
    client.reads_again()
    app.joins()
    app.calls("receive", raises=True)
    client.is_ended()


@case(
    "endings.blocked.app-closes",
    requires=("asgi.send.returns", "asgi.close.code", "rfc6455.close.no-data-after", "rfc6455.close.tcp-closed"),
)
def app_closes_while_a_send_is_held_up(client: Client, app: App) -> None:
    """A close() behind a send that waits for the client reaches it once it reads again, and nothing comes after."""
    _held_up(client, app)
    app.starts("close", code=4100)
    client.reads_again()
    client.is_closed(4100)
    client.is_ended()
    app.joins()


@case(
    "endings.blocked.handler-ends",
    requires=("asgi.application.ends-connection", "asgi.application.error-ends-connection", "rfc6455.close.tcp-closed"),
    rows=ENDS,
)
def handler_ends_while_a_send_is_held_up(client: Client, app: App, ends: str) -> None:
    """The connection ends with the handler, also where a send of it still waits for the client to read."""
    _held_up(client, app)
    getattr(app, ends)()
    client.sees_the_handler_end()
    client.reads_again()
    client.is_ended()


# The handler ends without having closed


@case(
    "endings.handler.unanswered",
    requires=("asgi.connect.handshake-waits", "asgi.application.ends-connection"),
    rows=ENDS,
)
def handler_ends_before_it_has_answered(client: Client, app: App, ends: str) -> None:
    """A handler that ends before it has accepted leaves its client with a refusal, and with no 101."""
    client.opens()
    app.calls("receive")
    getattr(app, ends)()
    client.is_refused()


@case(
    "endings.handler.open",
    requires=(
        "asgi.application.ends-connection",
        "asgi.application.error-ends-connection",
        "rfc6455.close.handshake",
        "rfc6455.close.tcp-closed",
        "rfc6455.codes.error",
    ),
    rows=[(f"{how}-{when}", ends, when) for how, ends in ENDS for when in ("at-once", "unread", "mid-message")],
)
def handler_ends_without_a_close(client: Client, app: App, ends: str, when: str) -> None:
    """An open connection ends with its handler, whatever has become of what the client was sending."""
    client.opens()
    app.accepts()
    if when == "unread":
        client.sends_text("never read")
    elif when == "mid-message":
        client.sends_frame(1, "never finished", fin=False)
    getattr(app, ends)()
    client.is_ended()


@case(
    "endings.handler.closed",
    requires=("asgi.close.code", "rfc6455.close.tcp-closed"),
    rows=ENDS,
)
def handler_ends_right_after_its_close(client: Client, app: App, ends: str) -> None:
    """A close() reaches the client although the handler ends right after it, and even by an exception."""
    # How TCP ends may hang on whether the answer is there first: `endings.handler.closed-unread` leaves no doubt.
    client.opens()
    app.accepts()
    app.closes(4001, "bye")
    getattr(app, ends)()
    client.is_closed(4001, "bye")
    client.is_ended()


@case(
    "endings.handler.closed-unread",
    requires=("asgi.close.code", "rfc6455.close.tcp-closed", "rfc6455.close.tcp-clean"),
    rows=ENDS,
)
def handler_closes_before_it_has_read(client: Client, app: App, ends: str) -> None:
    """A close() reaches the client, and TCP ends in order, although a message of the client was not received."""
    client.opens()
    app.accepts()
    client.sends_text("never read")
    app.closes(4001, "bye")
    getattr(app, ends)()
    client.is_closed(4001, "bye")
    client.is_ended()


@case(
    "endings.app.closed-behind",
    requires=("asgi.close.code", "rfc6455.close.no-data-after", "rfc6455.close.tcp-clean"),
)
def app_closes_while_its_client_is_behind(client: Client, app: App) -> None:
    """A close() behind a message reaches a client that reads late, and has sent something meanwhile."""
    # A socket that is closed while the client still sends is reset, and what it had yet to deliver is lost with it.
    client.opens_narrowly()
    app.accepts()
    client.is_accepted()
    client.stops_reading()
    app.sends_text(BEHIND)
    app.starts("close", code=4100)
    client.sends_text("meanwhile")
    client.reads_again()
    client.is_closed(4100)
    client.is_ended()
    app.joins()
