"""The graph of the state table, and a greedy search for walks that meet goals in it.

A goal is a transition taken right after another one. The search keeps no randomness and iterates over no set, so the
same table always gives the same walks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from .states import INITIAL
from .states_environment import Link
from .states_transitions import TRANSITIONS, Place, Transition

LONGEST = 150
START = "start"

Goal = tuple[str, str]


def _rows() -> Iterator[tuple[str, str]]:
    names: dict[object, str] = {}
    for transition in TRANSITIONS.values():
        outcome = transition.outcome
        calls = bool(outcome.sends), bool(outcome.receives)
        row = transition.pair, outcome.pair_after, outcome.raises, outcome.changes[-1:], calls
        yield transition.id, names.setdefault(row, transition.id)


ROWS: Mapping[str, str] = MappingProxyType(dict(_rows()))
"""The row of each transition, named by the first transition in it."""


class Edge(NamedTuple):
    """A transition, and the place to which it leads."""

    transition: Transition
    place: Place


class State(NamedTuple):
    """Where a search is: a place, and the row of the last transition."""

    place: Place
    last: str


@cache
def edges(place: Place) -> tuple[Edge, ...]:
    """The transitions that can start at a place; the last of the table first, for fewer walks are found so."""
    ends = ((transition, transition.after(place)) for transition in reversed(list(TRANSITIONS.values())))
    return tuple(Edge(transition, end) for transition, end in ends if end is not None)


@cache
def _names(place: Place) -> frozenset[str]:
    return frozenset(edge.transition.id for edge in edges(place))


@cache
def _moves(place: Place) -> tuple[tuple[Edge, State], ...]:
    """One edge for each state that can be next: enough to find the way to somewhere else."""
    first: dict[State, Edge] = {}
    for edge in edges(place):
        first.setdefault(State(edge.place, ROWS[edge.transition.id]), edge)
    return tuple((edge, state) for state, edge in first.items())


def starts() -> tuple[Place, ...]:
    """Where a connection begins: with the denial extension offered, and without."""
    return tuple(Place(INITIAL, Link.PRESENT, denial) for denial in (True, False))


def goals() -> frozenset[Goal]:
    """Every goal that can be met: (row of the first transition or `START`, id of the second)."""
    found: set[Goal] = set()
    states = [State(place, START) for place in starts()]
    seen = set(states)
    for state in states:  # grows while it is walked
        found.update((state.last, name) for name in _names(state.place))
        new = [to for _, to in _moves(state.place) if to not in seen]
        seen.update(new)
        states += new
    return frozenset(found)


class Search:
    """Greedy walks until every goal is met.

    ``wanted`` are the goals: by row of the first transition, the ids of the second. With ``after_any`` the first does
    not matter, and all ids stand under `START`.
    """

    def __init__(self, wanted: Mapping[str, set[str]], after_any: bool = False) -> None:
        self._open = {last: set(names) for last, names in wanted.items()}
        self._after_any = after_any

    def _here(self, state: State) -> set[str]:
        """The ids of the transitions that would meet a goal now."""
        wanted = self._open.get(START if self._after_any else state.last)
        return wanted & _names(state.place) if wanted else set()

    def _best(self, state: State) -> Edge | None:
        """Of the transitions that meet a goal now, the one after which the most is left to do at once."""
        here = self._here(state)
        if not here:
            return None
        candidates = (edge for edge in edges(state.place) if edge.transition.id in here)
        return min(candidates, key=lambda edge: -self._worth(edge))

    def _worth(self, edge: Edge) -> int:
        return len(self._here(State(edge.place, ROWS[edge.transition.id])))

    def _way(self, start: State) -> list[Edge]:
        """The shortest way to a state in which a goal can be met; empty when there is none."""
        queue = deque([start])
        came: dict[State, tuple[State, Edge] | None] = {start: None}
        while queue:
            state = queue.popleft()
            if state is not start and self._here(state):
                way = []
                while (step := came[state]) is not None:
                    state, edge = step
                    way.append(edge)
                return way[::-1]
            for edge, to in _moves(state.place):
                if to not in came:
                    came[to] = state, edge
                    queue.append(to)
        return []

    def _walk(self, start: Place) -> tuple[Transition, ...]:
        taken: list[Transition] = []
        state, met = State(start, START), False
        while len(taken) < LONGEST:
            best = self._best(state)
            ahead = [best] if best else self._way(state)
            if not ahead:
                break
            for edge in ahead:
                name = edge.transition.id
                if name in self._here(state):
                    self._open[START if self._after_any else state.last].discard(name)
                    met = True
                taken.append(edge.transition)
                state = State(edge.place, ROWS[name])
        return tuple(taken) if met else ()

    def walks(self) -> Iterator[tuple[Transition, ...]]:
        """The walks, until no goal is left that can be met."""
        for start in starts():
            while walk := self._walk(start):
                yield walk
