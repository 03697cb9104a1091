"""The state table: its totals, its ids, and its agreement with the real WebSocket class."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_websocket import Fake, RealWebSocket, Waits, disagreements
from starlette import websockets

from asgi_conformance import states, states_model
from asgi_conformance.states import (
    ALL_PAIRS,
    CONNECTED,
    CONNECTING,
    DENIAL_EXTENSION,
    DISCONNECTED,
    OPERATIONS,
    RESPONSE,
    Pair,
    WebSocketState,
)
from asgi_conformance.states_calls import CALLS
from asgi_conformance.states_environment import ENVIRONMENTS, Environment, Link
from asgi_conformance.states_model import RAISED, RAISED_OSERROR, RETURNED, Given, NotGiven, Outcome, step
from asgi_conformance.states_transitions import (
    PAIRS,
    PLACES,
    TRANSITIONS,
    UNREACHABLE,
    Transition,
    client_action_before,
    table,
)

OPEN = Pair(CONNECTED, CONNECTED)


def test_the_states_are_those_of_the_framework() -> None:
    assert {state.name: state.value for state in WebSocketState} == {s.name: s.value for s in websockets.WebSocketState}


def test_totals_are_frozen() -> None:
    assert (len(OPERATIONS), len(PAIRS), len(UNREACHABLE), len(TRANSITIONS)) == (28, 12, 4, 436)
    assert {str(pair): n for pair, n in Counter(t.pair for t in TRANSITIONS.values()).items()} == {
        **{"0-0": 37, "0-1": 44, "0-2": 30, "0-3": 30},
        **{"1-0": 37, "1-1": 71, "1-2": 32, "1-3": 30},
        **{"2-0": 30, "2-1": 37, "2-2": 30, "2-3": 28},
    }


def test_ids_are_frozen() -> None:
    assert hashlib.sha256("\n".join(TRANSITIONS).encode()).hexdigest()[:16] == "6aa39e3eb603d004"


@pytest.mark.parametrize(
    "name",
    [
        *("0-0.accept.present", "0-0.accept.lost", "0-1.receive_text.connect", "1-0.receive.lost", "1-1.close.present"),
        *("1-1.receive_text.text", "1-1.receive_text.bytes", "1-1.receive_json[binary].json-bytes", "2-2.close.any"),
        *("1-1.iter_text.text-closed", "1-2.receive.closed-by-app", "0-0.send_denial_response.not-offered"),
    ],
)
def test_what_the_design_names_is_there(name: str) -> None:
    assert name in TRANSITIONS


@pytest.mark.parametrize(
    "name",
    [
        "1-0.receive.present",  # would wait for ever
        "1-0.receive.text",  # before the handshake a client cannot send frames
        "0-0.accept.closed",
        "2-2.receive.closed",  # a second disconnect is not counted on
        "0-3.send_denial_response.not-offered",  # the denial could not have begun
    ],
)
def test_what_no_correct_server_produces_is_not_there(name: str) -> None:
    assert name not in TRANSITIONS


def test_every_operation_is_tried_in_every_reachable_pair() -> None:
    waits = {("receive", pair) for pair in PAIRS if pair.client is CONNECTED}
    assert {(operation, pair) for operation in OPERATIONS for pair in PAIRS} - {
        (t.operation, t.pair) for t in TRANSITIONS.values()
    } == set()
    assert waits <= {(t.operation, t.pair) for t in TRANSITIONS.values()}


def test_pairs_are_reachable_or_have_a_reason() -> None:
    assert set(PAIRS) | set(UNREACHABLE) == set(ALL_PAIRS)
    assert not set(PAIRS) & set(UNREACHABLE)
    assert {pair.client for pair in UNREACHABLE} == {RESPONSE}
    assert all("client_state never becomes RESPONSE" in reason for reason in UNREACHABLE.values())


def test_both_machines_only_move_forward() -> None:
    rank = {CONNECTING: 0, RESPONSE: 1, CONNECTED: 1, DISCONNECTED: 2}
    for t in TRANSITIONS.values():
        after = t.outcome.pair_after
        assert rank[after.client] >= rank[t.pair.client], t.id
        assert rank[after.application] >= rank[t.pair.application], t.id


def test_every_transition_rests_on_a_requirement_or_is_silent() -> None:
    bare = [
        t.id
        for t in TRANSITIONS.values()
        for a in t.alternatives
        if not a.outcome.requirement_ids and not a.outcome.silent
    ]
    assert bare == []
    cited = {id for t in TRANSITIONS.values() for a in t.alternatives for id in a.outcome.requirement_ids}
    assert cited | {"starlette.state.initial"} == {
        *(f"starlette.state.{name}" for name in ("accept", "close", "connect-received", "denial-end", "denial-start")),
        *(f"starlette.state.{name}" for name in ("disconnect-received", "initial", "receive-message", "send-lost")),
        *("starlette.state.unchanged-on-error", "starlette.send.lost", "starlette.iter.ends"),
        *("starlette.disconnect.code", "starlette.disconnect.reason", "starlette.disconnect.raised"),
        *(f"starlette.{way}.{kind}" for way in ("receive", "send") for kind in ("text", "bytes", "json")),
        *(f"starlette.illegal.{what}" for what in ("send", "receive", "json-mode")),
        *("starlette.accept.subprotocol", "starlette.accept.headers", "starlette.close.code", "starlette.close.reason"),
        *("starlette.denial.sent", "starlette.denial.missing-extension", "starlette.receive.raw"),
        *("starlette.send.raw", "starlette.receive.wrong-type"),
    }


ALTERNATIVES = [
    pytest.param(t, a.given, a.outcome, id=f"{t.id}-{number}")
    for t in TRANSITIONS.values()
    for number, a in enumerate(t.alternatives)
]


@pytest.mark.parametrize(("transition", "what", "outcome"), ALTERNATIVES)
def test_the_real_class_agrees_with_every_transition(transition: Transition, what: Given, outcome: Outcome) -> None:
    fake = Fake(what)
    real = RealWebSocket(DENIAL_EXTENSION in what.extensions, fake.receive, fake.send, transition.pair)
    assert disagreements(real, fake, transition.operation, lambda: outcome) == []
    assert (fake.messages, fake.results) == ([], [])


def test_alternatives_start_with_a_server_that_raises() -> None:
    for t in TRANSITIONS.values():
        results = [a.given.results for a in t.alternatives]
        assert len(set(map(str, results))) == len(results), t.id
        if len(results) > 1:
            assert results[0][-1] == RAISED_OSERROR
            assert results[-1][-1] == RETURNED
            assert ENVIRONMENTS[t.environment].link in (Link.CLOSED, Link.LOST)


EVENTS = st.one_of(
    st.just({"type": "websocket.connect"}),
    st.builds(lambda text: {"type": "websocket.receive", "text": text}, st.sampled_from(["", "x", "1", '{"a":[]}'])),
    st.builds(lambda data: {"type": "websocket.receive", "bytes": data}, st.sampled_from([b"", b"\xff", b"null"])),
    st.sampled_from(
        [
            {"type": "websocket.receive", "text": "1", "bytes": None},
            {"type": "websocket.receive", "text": None, "bytes": b"1"},
            {"type": "websocket.receive"},
            {"type": "websocket.disconnect"},
            {"type": "websocket.disconnect", "code": 1005, "reason": None},
            {"type": "websocket.disconnect", "code": 1000, "reason": ""},
            {"type": "websocket.surprise"},
        ]
    ),
    st.builds(
        lambda code, reason: {"type": "websocket.disconnect", "code": code, "reason": reason},
        st.integers(0, 65535),
        st.text(max_size=5),
    ),
)
RESULTS = st.lists(st.one_of(EVENTS, st.sampled_from([RETURNED, RETURNED, RAISED_OSERROR, RAISED])), max_size=6)


@settings(max_examples=400, deadline=None)
@given(st.booleans(), st.lists(st.tuples(st.sampled_from(list(OPERATIONS)), RESULTS), max_size=8))
def test_the_real_class_agrees_on_random_operations(denial: bool, operations: list[tuple[str, list[Any]]]) -> None:
    real = RealWebSocket(denial, Fake(Given()).receive, Fake(Given()).send)
    for operation, results in operations:
        what = Given(tuple(results), frozenset({DENIAL_EXTENSION} if denial else ()))
        fake = Fake(what)
        real.attach(fake)
        before = real.pair
        try:
            step(before, operation, what)
        except NotGiven:
            with pytest.raises(Waits):
                disagreements(real, fake, operation, lambda: pytest.fail("it must wait"))
            return
        assert disagreements(real, fake, operation, partial(step, before, operation, what)) == []


def test_a_missing_result_is_named() -> None:
    with pytest.raises(NotGiven, match=r"inner receive\(\)") as missing:
        step(OPEN, "receive_text", Given())
    assert missing.value.call == "receive"
    with pytest.raises(NotGiven, match=r"inner send\(websocket.close\)") as missing:
        step(OPEN, "close", Given())
    assert (missing.value.call, missing.value.message) == ("send", "websocket.close")
    with pytest.raises(KeyError):
        step(OPEN, "dance", Given())


def test_a_disconnect_is_raised_with_its_code_and_reason() -> None:
    event = {"type": "websocket.disconnect", "code": 4001}
    outcome = step(OPEN, "receive_text", Given((event,)))
    assert (outcome.raises, outcome.code, outcome.reason) == ("WebSocketDisconnect", 4001, "")
    assert outcome.pair_after == Pair(DISCONNECTED, CONNECTED)
    assert not outcome.silent


def test_the_silent_places() -> None:
    """What no document speaks of is shown and not judged; the states are judged all the same."""
    outcome = step(OPEN, "receive_text", Given(({"type": "websocket.receive", "bytes": b"x"},)))
    assert (outcome.raises, outcome.silent, outcome.pair_after) == ("unspecified", True, OPEN)
    outcome = step(Pair(CONNECTED, CONNECTING), "accept", Given((RAISED_OSERROR,)))
    assert (outcome.raises, outcome.silent, outcome.pair_after) == ("OSError", True, OPEN)
    silent = {t.environment for t in TRANSITIONS.values() if t.outcome.silent}
    assert silent == {
        *(Environment.CONNECT, Environment.TEXT, Environment.BYTES, Environment.JSON, Environment.JSON_BYTES),
        Environment.LOST,
    }


def test_a_denial_passes_through_response() -> None:
    given_ = Given((RETURNED, RETURNED), frozenset({DENIAL_EXTENSION}))
    outcome = step(Pair(CONNECTED, CONNECTING), "send_denial_response", given_)
    assert outcome.changes == (
        ("application_state", CONNECTING, RESPONSE),
        ("application_state", RESPONSE, DISCONNECTED),
    )


def test_the_client_never_comes_back() -> None:
    order = {Link.PRESENT: 0, Link.CLOSED: 1, Link.LOST: 1, Link.CLOSED_BY_APP: 1}
    for place in PLACES:
        for t in TRANSITIONS.values():
            after = t.after(place)
            if after is not None:
                assert order[after.link] >= order[place.link]
                assert place.link is Link.PRESENT or after.link is place.link


def test_client_actions() -> None:
    closed, text = TRANSITIONS["1-1.receive_text.closed"], TRANSITIONS["1-1.iter_text.text-closed"]
    assert client_action_before(closed, Link.PRESENT) == ("close",)
    assert client_action_before(closed, Link.CLOSED) == ()
    assert client_action_before(text, Link.PRESENT) == ("send-text", "close")
    assert client_action_before(TRANSITIONS["1-2.receive.closed-by-app"], Link.CLOSED_BY_APP) == ("read-until-closed",)
    assert client_action_before(TRANSITIONS["1-1.close.present"], Link.PRESENT) == ()
    assert client_action_before(TRANSITIONS["0-0.accept.lost"], Link.PRESENT) == ("drop",)


def test_every_operation_can_be_called() -> None:
    assert list(CALLS) == list(OPERATIONS)
    assert {call.op for call in CALLS.values()} == {
        *("accept", "receive", "receive_text", "receive_bytes", "receive_json", "iterate"),
        *("send_text", "send_bytes", "send_json", "close", "deny", "send"),
    }


def test_the_table_as_plain_values() -> None:
    plain = table()
    assert plain["pairs"][:2] == [[0, 0], [0, 1]]
    assert {t["id"] for t in plain["transitions"]} == set(TRANSITIONS)
    assert [entry["pair"] for entry in plain["unreachable"]] == [[3, 0], [3, 1], [3, 2], [3, 3]]


def test_the_model_holds_no_rule_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row taken out of the table is refused by the model: it looks everything up."""
    monkeypatch.setattr(states_model, "SEND", {**states.SEND, CONNECTED: {}})
    assert step(OPEN, "close", Given((RETURNED,))).raises == "RuntimeError"


def test_a_wrong_class_is_seen() -> None:
    class Forgetful(RealWebSocket):
        def _raise_on_disconnect(self, message: Any) -> None:
            if message["type"] == "websocket.disconnect":
                raise websockets.WebSocketDisconnect(message["code"])

    what = Given(({"type": "websocket.disconnect", "code": 4001, "reason": "bye"},))
    fake = Fake(what)
    found = disagreements(
        Forgetful(False, fake.receive, fake.send, OPEN), fake, "receive_text", lambda: step(OPEN, "receive_text", what)
    )
    assert len(found) == 1
    assert "not 4001 'bye'" in found[0]
