"""Pings of the server's own: whoever answers stays, whoever does not is gone."""

from __future__ import annotations

from ..script import App, Client, case


@case(
    "pings.answered",
    requires=(
        "suite.pings.sent",
        "suite.pings.answered-stays",
        "asgi.ping.handled",
        "asgi.receive.text",
        "asgi.receive.in-order",
    ),
    server="short-pings",
)
def client_that_answers_stays(client: Client, app: App) -> None:
    """A client that answers the server's pings stays connected, and the handler hears nothing of them."""
    client.opens()
    app.accepts()
    client.is_pinged(2)
    client.sends_text("still here")
    app.receives_text("still here")
    client.closes(1000)
    app.is_disconnected()


@case(
    "pings.idle",
    requires=("suite.pings.sent", "suite.pings.answered-stays"),
    server="short-pings",
)
def connection_without_messages_stays(client: Client, app: App) -> None:
    """A connection on which no message travels outlives the time after which the server ends idle HTTP connections."""
    client.opens()
    app.accepts()
    client.is_pinged(4)
    client.sends_text("still here")
    app.receives_text("still here")
    client.closes(1000)
    app.is_disconnected()


GONE = ("asgi.disconnect.sent", "asgi.disconnect.code-type", "rfc6455.close.code-lost", "rfc6455.close.handshake")


@case("pings.unanswered", requires=("suite.pings.sent", "suite.pings.unanswered-ends", *GONE), server="short-pings")
def client_that_does_not_answer_is_gone(client: Client, app: App) -> None:
    """A client that does not answer the server's pings is taken for lost: the handler is told, the connection ends."""
    client.opens()
    app.accepts()
    client.ignores_pings()
    client.is_pinged(1)
    app.is_disconnected()
    client.is_ended()
