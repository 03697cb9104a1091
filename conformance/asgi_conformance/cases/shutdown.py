"""Shutdown: what the handler and the client of each connection are told when the server is told to stop."""

from __future__ import annotations

from ..script import App, Client, case

TOLD = ("asgi.disconnect.sent", "asgi.disconnect.code-type")
CLOSED = (*TOLD, "asgi.disconnect.shutdown-code", "rfc6455.close.handshake", "suite.shutdown.code")


@case("shutdown.connecting", requires=TOLD, server="stopped")
def shutdown_while_connecting(client: Client, app: App) -> None:
    """The server stops while the handler has not answered the handshake yet."""
    client.opens()
    app.calls("receive")
    client.stops_the_server()
    app.calls("receive", raises=True)


@case("shutdown.open", requires=CLOSED, server="stopped")
def shutdown_while_open(client: Client, app: App) -> None:
    """The server stops while the handler waits for a message."""
    client.opens()
    app.accepts()
    client.is_accepted()
    client.stops_the_server()
    app.is_disconnected()
    client.is_ended()


@case("shutdown.sending", requires=CLOSED, server="stopped")
def shutdown_while_sending(client: Client, app: App) -> None:
    """The server stops between two messages of the handler; the second may raise."""
    client.opens()
    app.accepts()
    app.sends_text("before")
    client.receives_text("before")
    client.stops_the_server()
    app.calls("send_text", data="after", raises=True)
    app.calls("receive", raises=True)
    client.is_ended()


@case("shutdown.closing", requires=TOLD, server="stopped")
def shutdown_while_closing(client: Client, app: App) -> None:
    """The server stops when the client has closed and the handler has not received that yet."""
    client.opens()
    app.accepts()
    client.closes(4001, "bye")
    client.stops_the_server()
    # A send waits for the step above, as a receive would not: the disconnect is due from then on.
    app.calls("send_text", data="late", raises=True)
    app.calls("receive", raises=True)


@case("shutdown.own-close", requires=TOLD, server="stopped")
def shutdown_after_the_applications_close(client: Client, app: App) -> None:
    """The server stops when the application has closed and the client has not answered."""
    client.opens()
    app.accepts()
    client.is_accepted()
    client.falls_silent()
    app.closes(4002, "done")
    client.is_closed()
    client.stops_the_server()
    # Only when the server has come to this connection is the disconnect asked for.
    client.is_ended()
    app.calls("receive", raises=True)
