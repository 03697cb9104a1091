"""BlackSheep: how it ends the connection of a handler that raises once the client has left."""

from __future__ import annotations

from ..script import App, Client, case

NEEDS = ("framework:blacksheep",)
ROWS = (("1000", 1000), ("1001", 1001), ("4001", 4001))


@case("blacksheep.handler.contained", requires=("blacksheep.handler.contained",), rows=ROWS, needs=NEEDS)
def blacksheep_ends_quietly(client: Client, app: App, code: int) -> None:
    """A handler that raises after the disconnect ends without an exception that reaches the server."""
    client.opens()
    app.accepts()
    client.closes(code)
    app.is_disconnected(code)
    app.raises()
