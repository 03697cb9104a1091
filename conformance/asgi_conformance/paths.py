"""Walks through the state table: each is one connection, and together they take every transition and every pair.

Three sets are generated, always the same ones:

`cover_transitions`: every transition, at full granularity, in as few connections as a greedy search finds.

`cover_pairs`: every two transitions that can follow each other. The second is taken at full granularity, the first by
its row (`ROWS`): transitions that start and end in the same pairs, end in the same family of exception, make the same
last assignment and are alike in calling the inner receive() and send(), leave the same object behind, and what follows
is tried after one of them. Told by operation for both there are some 15,700 pairs; since the two machines only move
forward, a connection enters each pair of states once, and they would need thousands of connections.

`simple_paths`: every sequence of distinct pairs of states from the first, in every combination of rows that lead
from each to the next. Only the longest are walked, since each walks all of its beginnings; the operation that stands
for a row changes from walk to walk.

A transition that leaves its pair unchanged is walked as often as there is something new in it: refusals cost nothing,
so many of them share one connection, up to `LONGEST` transitions. After a send to a client that has gone, a walk plans
with a server that raises. A server that returns instead leads to another pair, where the same operations complete too:
once the client has gone, nothing waits. What is judged is always what was seen (`states_model.step`), not the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from .paths_search import ROWS, START, Goal, edges, goals, starts
from .paths_shipped import shipped
from .states import INITIAL, Pair
from .states_environment import Link
from .states_transitions import TRANSITIONS, UNREACHABLE, Place, Transition, client_action_before


@dataclass(frozen=True, slots=True)
class Walk:
    """One connection: the transitions to go through, in order, from (CONNECTING, CONNECTING)."""

    id: str
    transitions: tuple[Transition, ...]

    @property
    def denial(self) -> bool | None:
        """The denial extension must be offered (True), must not be (False), or does not matter (None)."""
        return next((t.denial for t in self.transitions if t.denial is not None), None)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each transition starts, and where the last one ends, as planned. ValueError if they do not join."""
        places = [Place(INITIAL, Link.PRESENT, self.denial is not False)]
        for transition in self.transitions:
            after = transition.after(places[-1])
            if after is None:
                raise ValueError(f"walk {self.id}: {transition.id} cannot start at {places[-1]}")
            places.append(after)
        return tuple(places)

    @property
    def client_actions(self) -> tuple[tuple[str, ...], ...]:
        """What the client does before each transition; see `states_transitions.client_action_before`."""
        walked = zip(self.transitions, self.places, strict=False)
        return tuple(client_action_before(transition, place.link) for transition, place in walked)

    @property
    def pairs(self) -> Iterator[Goal]:
        """The pairs of consecutive transitions that it takes: (row of the first, id of the second)."""
        last = START
        for transition in self.transitions:
            yield last, transition.id
            last = ROWS[transition.id]

    @property
    def path(self) -> tuple[str, ...]:
        """The simple path that it takes: the rows of its transitions from one pair to another."""
        return tuple(ROWS[transition.id] for transition in self.transitions if not transition.is_loop)


@cache
def pairs() -> frozenset[Goal]:
    """Every two consecutive transitions: (row of the first, id of the second); the first of all follows `START`."""
    return goals()


@cache
def cover_transitions() -> tuple[Walk, ...]:
    """Walks that take every transition."""
    return tuple(Walk(f"transitions-{n:02}", walk) for n, walk in enumerate(shipped()["transitions"], 1))


@cache
def cover_pairs() -> tuple[Walk, ...]:
    """Walks that take every pair of consecutive transitions."""
    return tuple(Walk(f"pairs-{n:04}", walk) for n, walk in enumerate(shipped()["pairs"], 1))


class _Beginning(NamedTuple):
    place: Place
    transitions: tuple[Transition, ...]


@cache
def _paths() -> Mapping[tuple[str, ...], tuple[_Beginning, ...]]:
    """Every simple path, with one way to walk it for each place where it can end."""
    found: dict[tuple[str, ...], tuple[_Beginning, ...]] = {}
    first = tuple(_Beginning(place, ()) for place in starts())
    ahead: list[tuple[tuple[str, ...], tuple[_Beginning, ...]]] = [((), first)]
    turn = 0
    while ahead:
        path, beginnings = ahead.pop()
        longer: dict[str, dict[Place, list[_Beginning]]] = {}
        for beginning in beginnings:
            for edge in edges(beginning.place):
                if not edge.transition.is_loop:
                    places = longer.setdefault(ROWS[edge.transition.id], {})
                    further = _Beginning(edge.place, (*beginning.transitions, edge.transition))
                    places.setdefault(edge.place, []).append(further)
        for last, places in sorted(longer.items()):
            turn += 1
            chosen = tuple(ways[turn % len(ways)] for ways in places.values())
            found[*path, last] = chosen
            ahead.append(((*path, last), chosen))
    return MappingProxyType(found)


@cache
def simple_paths() -> tuple[Walk, ...]:
    """Walks that take every simple path: one for each that cannot be made longer, named by its pairs."""
    beginnings = {path[:-1] for path in _paths()}
    walks: list[Walk] = []
    numbers: dict[str, int] = {}
    for turn, (path, ways) in enumerate(sorted(_paths().items())):
        if path in beginnings:
            continue
        transitions = ways[turn % len(ways)].transitions
        name = "-".join(f"{pair.client:d}{pair.application:d}" for pair in _pairs_of(transitions))
        numbers[name] = numbers.get(name, 0) + 1
        walks.append(Walk(f"path-{name}.{numbers[name]}", transitions))
    return tuple(walks)


def _pairs_of(transitions: tuple[Transition, ...]) -> tuple[Pair, ...]:
    return (INITIAL, *(transition.outcome.pair_after for transition in transitions))


def all_walks() -> tuple[Walk, ...]:
    """The walks of all three sets."""
    return (*cover_transitions(), *cover_pairs(), *simple_paths())


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one kind there is, how much of it was walked, and the ids of what was not."""

    total: int
    covered: int
    missing: tuple[str, ...]


def _coverage(total: Iterable[str], walked: Iterable[str]) -> Coverage:
    wanted, seen = set(total), set(walked)
    return Coverage(len(wanted), len(wanted & seen), tuple(sorted(wanted - seen)))


def coverage(walks: Iterable[Walk]) -> Mapping[str, Coverage]:
    """What some walks cover: ``transitions``, ``transition_pairs`` and ``simple_paths``, as the report names them."""
    walked = tuple(walks)
    taken = [walk.path[:end] for walk in walked for end in range(1, len(walk.path) + 1)]
    return {
        "transitions": _coverage(TRANSITIONS, (t.id for walk in walked for t in walk.transitions)),
        "transition_pairs": _coverage(map(" > ".join, pairs()), (" > ".join(p) for walk in walked for p in walk.pairs)),
        "simple_paths": _coverage(map(" > ".join, _paths()), map(" > ".join, taken)),
    }


def totals() -> Mapping[str, int]:
    """How many there are of each: what the tests freeze and the docs cite."""
    return {
        "transitions": len(TRANSITIONS),
        "transition_pairs": len(pairs()),
        "simple_paths": len(_paths()),
        "unreachable": len(UNREACHABLE),
        "walks": len(all_walks()),
    }
