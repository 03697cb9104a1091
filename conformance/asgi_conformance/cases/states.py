"""State paths: every transition of Starlette's state table, every two in a row, and every simple path through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..script import App, Client, case
from ..states_calls import CALLS
from ..states_environment import BYTES, CLOSE_CODE, CLOSE_REASON, JSON, JSON_BYTES, TEXT

if TYPE_CHECKING:
    from .. import paths
    from ..states_transitions import Transition

STATES = (
    "starlette.state.initial",
    "starlette.state.connect-received",
    "starlette.state.accept",
    "starlette.state.receive-message",
    "starlette.state.disconnect-received",
    "starlette.state.close",
    "starlette.state.denial-start",
    "starlette.state.denial-end",
    "starlette.state.send-lost",
    "starlette.state.unchanged-on-error",
)


def perform(client: Client, app: App, transitions: Sequence[Transition], actions: Sequence[Sequence[str]]) -> None:
    """Write a walk as a script: before each operation the client does what its environment needs."""
    client.opens()
    for transition, before in zip(transitions, actions, strict=True):
        for action in before:
            _act(client, action, last=action == before[-1] and len(before) == 1)
        call = CALLS[transition.operation]
        app.calls(call.op, raises=True, **call.args)


def _act(client: Client, action: str, last: bool) -> None:
    match action:
        case "send-text":
            client.sends_text(TEXT)
        case "send-bytes":
            client.sends_bytes(BYTES)
        case "send-json":
            client.sends_text(JSON)
        case "send-json-bytes":
            client.sends_bytes(JSON_BYTES)
        case "close":
            client.closes(CLOSE_CODE, CLOSE_REASON)
            if last:
                client.is_ended()  # now the server knows
        case "drop":
            # The half of a drop that lets the client see when the server knows.
            client.half_closes()
            client.is_ended()
        case _:
            client.is_ended()


def _rows(walks: str) -> Callable[[], Iterator[tuple[str, paths.Walk]]]:
    def found() -> Iterator[tuple[str, paths.Walk]]:
        # Imported here: the state table is worked out when it is first asked for.
        from .. import paths

        sets = {"transitions": paths.cover_transitions, "pairs": paths.cover_pairs, "paths": paths.simple_paths}
        for walk in sets[walks]():
            yield walk.id, walk

    return found


def _tags(walk: paths.Walk) -> dict[str, Any]:
    return {"transitions": [transition.id for transition in walk.transitions]}


def denial_needs(denial: bool | None) -> tuple[str, ...]:
    """What a walk needs of the server's denial extension."""
    if denial is None:
        return ()
    return ("denial",) if denial else ("without:websocket.http.response",)


def _needs(walk: paths.Walk) -> tuple[str, ...]:
    return ("framework:starlette", *denial_needs(walk.denial))


def _walk(client: Client, app: App, walk: paths.Walk) -> None:
    perform(client, app, walk.transitions, walk.client_actions)


@case("states.transitions", requires=STATES, rows=_rows("transitions"), tags=_tags, needs=_needs)
def every_transition(client: Client, app: App, walk: paths.Walk) -> None:
    """Each operation leaves client_state and application_state as the state table says."""
    _walk(client, app, walk)


@case("states.pairs", requires=STATES, rows=_rows("pairs"), tags=_tags, needs=_needs)
def every_pair_of_transitions(client: Client, app: App, walk: paths.Walk) -> None:
    """Each two operations in a row leave both states as the state table says."""
    _walk(client, app, walk)


@case("states.paths", requires=STATES, rows=_rows("paths"), tags=_tags, needs=_needs)
def every_simple_path(client: Client, app: App, walk: paths.Walk) -> None:
    """Each way through the states, from the first pair to the last, leaves both states as the state table says."""
    _walk(client, app, walk)
