"""Thousands of cases of one exchange, as a pytest plugin: ``-p bench_cases --case='bench.echo*'``."""

from __future__ import annotations

from amount import COUNT

from asgi_conformance.script import App, Client, case


@case(
    "bench.echo",
    requires=("asgi.receive.text", "asgi.send.text", "asgi.disconnect.code", "starlette.disconnect.code"),
    rows=[(str(number), f"hello {number}") for number in range(COUNT)],
)
def exchange(client: Client, app: App, text: str) -> None:
    """A text, its echo, and a close with a code of its own."""
    client.opens()
    app.accepts()
    client.sends_text(text)
    app.receives_text(text)
    app.sends_text(text)
    client.receives_text(text)
    client.closes(4001, "bye")
    app.is_disconnected(4001, "bye")
