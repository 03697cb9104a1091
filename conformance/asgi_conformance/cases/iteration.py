"""iter_text(), iter_bytes() and iter_json() yield every message and end without an exception when the client leaves."""

from __future__ import annotations

from typing import Any

from ..script import App, Client, case

KINDS: dict[str, tuple[Any, ...]] = {
    "text": ("one", "two"),
    "bytes": (b"one", b"two"),
    "json": ({"n": 1}, [2]),
}
FALSY: dict[str, tuple[Any, ...]] = {
    "text": ("", "0", ""),
    "bytes": (b"", b"\x00", b""),
    "json": (None, 0, False, "", [], {}),
}


def _send(client: Client, kind: str, item: Any) -> None:
    import json

    if kind == "bytes":
        client.sends_bytes(item)
    else:
        client.sends_text(item if kind == "text" else json.dumps(item))


@case(
    "iteration.ends",
    requires=("starlette.iter.ends",),
    rows=[(f"{kind}-{code}", kind, code) for kind in KINDS for code in (1000, 1001, 1011, 3000, 4001)],
)
def iteration_ends_when_the_client_closes(client: Client, app: App, kind: str, code: int) -> None:
    """The loop yields what was sent and ends without raising, whatever the close code."""
    client.opens()
    app.accepts()
    for item in KINDS[kind]:
        _send(client, kind, item)
    client.closes(code)
    app.iterates(kind, KINDS[kind])


@case("iteration.ends-at-once", requires=("starlette.iter.ends",), rows=[(kind, kind) for kind in KINDS])
def iteration_without_a_message_ends(client: Client, app: App, kind: str) -> None:
    """The loop yields nothing and ends when the client closes before it has sent anything."""
    client.opens()
    app.accepts()
    client.closes(1000)
    app.iterates(kind, ())


@case(
    "iteration.lost",
    requires=("starlette.iter.ends",),
    rows=[(f"{kind}-{leaves}", kind, leaves) for kind in KINDS for leaves in ("drops", "resets", "half_closes")],
)
def iteration_ends_when_the_client_is_lost(client: Client, app: App, kind: str, leaves: str) -> None:
    """The loop ends without raising also when the connection ends without a Close frame."""
    client.opens()
    app.accepts()
    client.is_accepted()
    getattr(client, leaves)()
    app.iterates(kind, ())


@case("iteration.falsy", requires=("starlette.iter.ends",), rows=[(kind, kind) for kind in FALSY])
def iteration_yields_falsy_items(client: Client, app: App, kind: str) -> None:
    """Empty and falsy messages are yielded like any other: only a disconnect ends the loop."""
    client.opens()
    app.accepts()
    for item in FALSY[kind]:
        _send(client, kind, item)
    client.closes(1000)
    app.iterates(kind, FALSY[kind])
