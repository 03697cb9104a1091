"""Falcon: what its documentation says of its receive queue, its states and its ends, beyond what other sections try."""

from __future__ import annotations

from ..script import App, Client, case

NEEDS = ("framework:falcon",)
# One message more than Falcon's receive queue holds by default, and one that waits to be put into it.
UNREAD = 6
# A masked Close frame with 4001, its mask all zero.
CLOSE = bytes((0x88, 0x82, 0, 0, 0, 0)) + (4001).to_bytes(2, "big")


def _leaves_unread(client: Client, app: App) -> None:
    """The client has left, the server knows, and Falcon does not: its queue is full."""
    client.opens()
    app.accepts()
    client.is_accepted()
    # In one piece: a server may stop reading at the first message that nobody takes.
    client.sends_raw(b"".join(_text(str(index)) for index in range(UNREAD)) + CLOSE)
    client.is_ended()


def _text(text: str) -> bytes:
    """A masked text frame, its mask all zero."""
    return bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text.encode()


@case("falcon.state.initial", requires=("falcon.state.initial",), needs=NEEDS)
def falcon_starts_unaccepted(client: Client, app: App) -> None:
    """A WebSocket that has not been accepted is unaccepted, and neither ready nor closed."""
    client.opens()
    app.calls("receive_text", raises=True)
    app.closes(1000)
    client.is_refused(403)


@case("falcon.state.refused", requires=("falcon.state.closed",), needs=NEEDS)
def falcon_is_closed_where_it_refused(client: Client, app: App) -> None:
    """A WebSocket that was closed in the place of an accept is closed and not ready."""
    client.opens()
    app.closes(4001)
    client.is_refused(403)


@case(
    "falcon.disconnect.again",
    requires=("falcon.disconnect.raised", "falcon.disconnect.code", "falcon.state.disconnected"),
    rows=(("1000", 1000), ("1001", 1001), ("4001", 4001)),
    needs=NEEDS,
)
def falcon_says_the_same_code_twice(client: Client, app: App, code: int) -> None:
    """Each receive after the disconnect raises WebSocketDisconnected with the client's code."""
    client.opens()
    app.accepts()
    client.closes(code)
    app.is_disconnected(code)
    app.is_disconnected(code, by="receive_bytes")


@case("falcon.receive.queued", requires=("falcon.receive.text", "falcon.disconnect.code"), needs=NEEDS)
def falcon_delivers_what_was_queued(client: Client, app: App) -> None:
    """Messages beyond the length of Falcon's queue are all received, and then the disconnect."""
    _leaves_unread(client, app)
    for index in range(UNREAD):
        app.receives_text(str(index))
    app.is_disconnected(4001)


@case("falcon.send.unread", requires=("falcon.send.lost",), needs=NEEDS)
def falcon_translates_the_servers_error(client: Client, app: App) -> None:
    """A send raises WebSocketDisconnected also where only the server knows that the client has left."""
    _leaves_unread(client, app)
    app.sends_until_it_raises()


@case("falcon.close.unread", requires=("falcon.close.again",), needs=NEEDS)
def falcon_closes_what_the_client_has_closed(client: Client, app: App) -> None:
    """close() raises nothing where the client has closed, also where only the server knows."""
    _leaves_unread(client, app)
    app.closes(1000, may_raise=True)


@case(
    "falcon.close.again",
    requires=("falcon.close.again",),
    rows=(("own-close", True), ("client-close", False)),
    needs=NEEDS,
)
def falcon_closes_once(client: Client, app: App, own: bool) -> None:
    """close() does nothing where the WebSocket is closed already, whoever closed it."""
    client.opens()
    app.accepts()
    if own:
        app.closes(4001)
    else:
        client.closes(4001)
        app.is_disconnected(4001)
    app.closes(1000, may_raise=True)
    client.is_ended()


@case("falcon.handler.unaccepted", requires=("falcon.handler.returns",), needs=NEEDS)
def falcon_refuses_for_a_silent_responder(client: Client, app: App) -> None:
    """A responder that returns without an accept has refused: Falcon closes for it."""
    client.opens()
    app.calls("receive_text", raises=True)
    app.returns()
    client.is_refused(403)
