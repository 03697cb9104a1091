"""The walks: their totals, what they cover, and that the real class can go through each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from real_websocket import Inner, RealWebSocket, disagreements

from asgi_conformance.paths import (
    Walk,
    all_walks,
    cover_pairs,
    cover_transitions,
    coverage,
    pairs,
    simple_paths,
    totals,
)
from asgi_conformance.paths_search import LONGEST, ROWS, START, Search
from asgi_conformance.paths_shipped import searched, shipped
from asgi_conformance.states import ACCEPT, CLOSE, CONNECT, DENIAL_BODY, DENIAL_EXTENSION, INITIAL, SENT
from asgi_conformance.states_environment import ENVIRONMENTS, EVENTS, Environment, Link
from asgi_conformance.states_model import RAISED_OSERROR, RETURNED, Given, Outcome, step
from asgi_conformance.states_transitions import PLACES, TRANSITIONS


def test_totals_are_frozen() -> None:
    assert totals() == {
        "transitions": 436,
        "transition_pairs": 2357,
        "simple_paths": 178,
        "unreachable": 4,
        "walks": 1102,
    }
    assert [len(walks) for walks in (cover_transitions(), cover_pairs(), simple_paths())] == [82, 946, 74]


def test_walks_and_their_ids_are_frozen() -> None:
    lines = [" ".join((walk.id, *(t.id for t in walk.transitions))) for walk in all_walks()]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == "c3139c302cb48c82"


def test_shipped_walks_are_those_that_the_search_finds() -> None:
    assert shipped() == searched(), "run python -m asgi_conformance.paths_shipped"


def test_ids_are_unique_ascii_without_spaces() -> None:
    ids = [walk.id for walk in all_walks()]
    assert len(set(ids)) == len(ids)
    assert all(id.isascii() and " " not in id for id in (*ids, *TRANSITIONS))


def test_every_set_covers_all_of_its_kind() -> None:
    assert not coverage(cover_transitions())["transitions"].missing
    assert not coverage(cover_pairs())["transition_pairs"].missing
    assert not coverage(simple_paths())["simple_paths"].missing


def test_pairs_are_all_that_can_follow_each_other() -> None:
    """Told by operation for both there are many more: what the rows leave out is counted here, not hidden."""
    ends = {(place, t): after for place in PLACES for t in TRANSITIONS.values() if (after := t.after(place))}
    follow = {(t, u) for (_, t), after in ends.items() for u in TRANSITIONS.values() if (after, u) in ends}
    assert len(follow) == 15_692
    first = {(START, t.id) for t in TRANSITIONS.values() if t.pair == INITIAL}
    assert pairs() == {(ROWS[t.id], u.id) for t, u in follow} | first


def test_coverage_counts_what_is_missing() -> None:
    walk = Walk("one", (TRANSITIONS["0-0.accept.present"], TRANSITIONS["1-1.close.present"]))
    seen = coverage([walk])
    assert (seen["transitions"].total, seen["transitions"].covered) == (436, 2)
    assert seen["transition_pairs"].covered == 2
    assert seen["simple_paths"].covered == 2
    assert len(seen["simple_paths"].missing) == 176
    assert coverage([])["transitions"].covered == 0


def test_the_search_is_deterministic() -> None:
    wanted = {START: set(TRANSITIONS)}
    again = tuple(Search(wanted, after_any=True).walks())
    assert again == tuple(walk.transitions for walk in cover_transitions())
    assert wanted == {START: set(TRANSITIONS)}


def test_goals_that_cannot_be_met_end_the_search() -> None:
    assert list(Search({START: {"no.such.transition"}}).walks()) == []


def test_simple_paths_never_stay() -> None:
    for walk in simple_paths():
        assert not any(t.is_loop for t in walk.transitions)
        assert walk.transitions[0].pair == INITIAL
        assert [t.pair for t in walk.transitions[1:]] == [t.outcome.pair_after for t in walk.transitions[:-1]]


def test_a_broken_walk_is_named() -> None:
    with pytest.raises(ValueError, match=r"walk one: 1-1.close.present cannot start"):
        assert Walk("one", (TRANSITIONS["1-1.close.present"],)).places


def test_rows_are_named_by_one_of_their_own() -> None:
    assert set(ROWS) == set(TRANSITIONS)
    assert all(ROWS[row] == row for row in ROWS.values())
    assert ROWS["1-1.send_bytes.present"] == ROWS["1-1.send_text.present"]
    assert ROWS["1-1.send_text.present"] != ROWS["1-1.receive_text.text"]


class Server(Inner):
    """A correct server with a real client, as far as an application can tell; nothing but the client's steps is given.

    After the client has gone it raises from send(), or returns.
    """

    def __init__(self, raises: bool) -> None:
        self.raises = raises
        self.queue: list[Mapping[str, Any]] = [{"type": CONNECT}]
        self.link = Link.PRESENT
        self.accepted = self.denied = False
        self.sends: list[str] = []
        self.receives = 0
        self.results: list[Any] = []

    def act(self, action: str) -> None:
        messages = {"send-text": "text", "send-bytes": "bytes", "send-json": "json", "send-json-bytes": "json-bytes"}
        if action == "read-until-closed":
            assert self.link is Link.CLOSED_BY_APP
            return
        assert self.link is Link.PRESENT
        if action == "drop":
            self._end(Link.LOST)
            return
        assert self.accepted
        if action == "close":
            self._end(Link.CLOSED)
        else:
            self.queue += ENVIRONMENTS[Environment(messages[action])].messages

    def _end(self, link: Link) -> None:
        self.link = link
        self.queue.append(EVENTS[link])

    async def receive(self) -> Mapping[str, Any]:
        self.receives += 1
        assert self.queue, "it would wait for ever"
        self.results.append(self.queue.pop(0))
        return self.results[-1]  # type: ignore[no-any-return]

    async def send(self, message: Mapping[str, Any]) -> None:
        self.sends.append(message["type"])
        assert self.link is not Link.CLOSED_BY_APP, "the framework let a message through after the end"
        if self.link is not Link.PRESENT and self.raises:
            self.results.append(RAISED_OSERROR)
            raise BrokenPipeError
        self.results.append(RETURNED)
        assert self.accepted or message["type"] != SENT
        self.accepted = self.accepted or message["type"] == ACCEPT
        ends = message["type"] == CLOSE or (message["type"] == DENIAL_BODY and not message.get("more_body"))
        if ends and self.link is Link.PRESENT:
            self._end(Link.CLOSED_BY_APP)


@pytest.mark.parametrize("raises", [True, False], ids=["server-raises", "server-returns"])
@pytest.mark.parametrize("walks", [cover_transitions, cover_pairs, simple_paths], ids=lambda walks: walks.__name__)
def test_the_real_class_goes_through_every_walk(walks: Any, raises: bool) -> None:
    """No operation waits, no message is left behind, and the plan comes true where the server raises."""
    for walk in walks():
        assert len(walk.transitions) <= LONGEST
        server = Server(raises)
        denial = walk.denial is not False
        real = RealWebSocket(denial, server.receive, server.send)
        for transition, actions in zip(walk.transitions, walk.client_actions, strict=True):
            for action in actions:
                server.act(action)
            server.results = []
            before = real.pair
            if raises:
                assert before == transition.pair, (walk.id, transition.id)

            def expected(before: Any = before, transition: Any = transition, server: Server = server) -> Outcome:
                given = Given(tuple(server.results), frozenset({DENIAL_EXTENSION} if denial else ()))  # noqa: B023
                return step(before, transition.operation, given)

            assert disagreements(real, server, transition.operation, expected) == [], (walk.id, transition.id)
            if raises:
                assert expected().pair_after == transition.outcome.pair_after
                assert expected().requirement_ids == transition.outcome.requirement_ids
                assert not any(event["type"] == "websocket.receive" for event in server.queue), walk.id
