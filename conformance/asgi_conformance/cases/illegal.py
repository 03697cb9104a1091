"""Illegal operations: what must not be done in a state raises RuntimeError and changes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from ..script import App, Client, case
from ..states import INITIAL
from ..states_environment import Link
from .states import denial_needs, perform

if TYPE_CHECKING:
    from ..states_transitions import Place, Transition

Way: TypeAlias = "tuple[Transition, ...]"


@cache
def _ways() -> dict[Place, Way]:
    """The shortest way to each place, with and without the denial extension."""
    # Imported here: the state table is worked out when it is first asked for.
    from ..states_transitions import TRANSITIONS, Place, client_action_before

    starts = [Place(INITIAL, Link.PRESENT, denial) for denial in (True, False)]
    ways: dict[Place, Way] = dict.fromkeys(starts, ())
    queue = deque(starts)
    while queue:
        place = queue.popleft()
        # What needs nothing of the client comes first: fewer things can go wrong on the way.
        for transition in sorted(TRANSITIONS.values(), key=lambda t: bool(client_action_before(t, place.link))):
            after = transition.after(place) if not transition.is_loop else None
            if after is not None and after not in ways:
                ways[after] = (*ways[place], transition)
                queue.append(after)
    return ways


def _rows() -> Iterator[tuple[str, Way]]:
    """One row for each operation that a pair of states forbids, at the end of the shortest way there."""
    from ..states_transitions import TRANSITIONS

    for transition in TRANSITIONS.values():
        if transition.outcome.raises == "RuntimeError":
            there = [way for place, way in _ways().items() if transition.after(place) is not None]
            if there:
                yield transition.id, (*min(there, key=len), transition)


def _denial(way: Way) -> bool | None:
    return next((t.denial for t in way if t.denial is not None), None)


def _tags(way: Way) -> dict[str, Any]:
    return {"transitions": [transition.id for transition in way]}


@case(
    "illegal.operation",
    requires=(
        "starlette.illegal.send",
        "starlette.illegal.receive",
        "starlette.illegal.json-mode",
        "starlette.denial.missing-extension",
        "starlette.state.unchanged-on-error",
    ),
    rows=_rows,
    tags=_tags,
    needs=lambda way: ("framework:starlette", *denial_needs(_denial(way))),
)
def illegal_operation_raises_and_changes_nothing(client: Client, app: App, way: Way) -> None:
    """An operation that the states forbid raises RuntimeError, sends nothing and leaves both states."""
    from ..states_transitions import Place, client_action_before

    place = Place(INITIAL, Link.PRESENT, _denial(way) is not False)
    actions = []
    for transition in way:
        actions.append(client_action_before(transition, place.link))
        after = transition.after(place)
        assert after is not None
        place = after
    perform(client, app, way, actions)
