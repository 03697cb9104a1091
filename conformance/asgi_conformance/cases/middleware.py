"""Middleware: what the target has put between the server and its routes passes on what both sides say."""

from __future__ import annotations

from ..script import App, Client, case


@case(
    "middleware.passes-on",
    requires=("asgi.middleware.valid", "suite.middleware.transparent"),
    rows=(("client-closes", "client"), ("app-closes", "app"), ("lost", "lost"), ("refused", "refused")),
    needs=("middleware",),
)
def middleware_passes_every_event_on(client: Client, app: App, end: str) -> None:
    """Each entry of the middleware stack passes every event on, in both directions, valid and unchanged."""
    client.opens(subprotocols=("chat", "superchat"))
    app.calls("receive")
    if end == "refused":
        app.closes(4001, "bye")
        client.is_refused()
        return
    app.accepts(subprotocol="chat", headers=(("x-answer", "42"),))
    client.sends_text("one")
    client.sends_bytes(b"two")
    app.receives_text("one")
    app.receives_bytes(b"two")
    app.sends_text("three")
    app.sends_bytes(b"four")
    client.receives_text("three")
    client.receives_bytes(b"four")
    if end == "client":
        client.closes(4001, "bye")
        app.is_disconnected(4001, "bye")
    elif end == "app":
        app.closes(4001, "bye")
        client.is_closed(4001, "bye")
    else:
        client.drops()
        app.is_disconnected(1006)
