"""The judge of the application, and verdicts as a whole, on invented traces."""

from __future__ import annotations

from typing import Any

import pytest
from made_trace import (
    GONE,
    WRONG,
    Entry,
    claimed,
    enter,
    missed,
    opened,
    receive,
    request,
    response,
    seen,
    send,
    trace,
)
from test_judge_layers import ACCEPT, LEFT, SERVER, STARLETTE, TEXT, WHO, accepted, case_of, inner, operation, state

from asgi_conformance.dialects import DIALECTS, Dialect
from asgi_conformance.judge import Context, judge
from asgi_conformance.judge.application import aside
from asgi_conformance.judge.application_ending import beside, ending, unserved
from asgi_conformance.judge.application_messages import messages, wrong_types
from asgi_conformance.judge.claims import Claim, exception_text, shown
from asgi_conformance.judge.dialect import TOPICS, Call
from asgi_conformance.judge.framework_route import own_exception
from asgi_conformance.judge.surface import surface
from asgi_conformance.judge.verdict import as_accepted, finding
from asgi_conformance.model import Case, Finding, Layer, Level, Step, Verdict


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        ({"type": "websocket.http.response.start", "status": "404"}, "with status '404'"),
        ({"type": "websocket.http.response.start", "status": True}, "with status True"),
        ({"type": "websocket.http.response.start", "status": 404, "headers": "no"}, "with headers 'no'"),
        ({"type": "websocket.http.response.body", "body": "no"}, "with body 'no'"),
        ({"type": "websocket.http.response.body", "more_body": 1}, "with more_body 1"),
        ({"type": "websocket.accept", "headers": [["a"]]}, "with a header ['a'] that is no pair of bytes"),
    ],
)
def test_values_of_a_wrong_type_are_shown(event: dict[str, Any], wrong: str) -> None:
    assert wrong_types(event) == f"{event['type']} {wrong}"


def test_a_message_of_wrong_values_is_the_handlers() -> None:
    sent: Entry = ("route", "send", {"event": {"type": "websocket.accept", "subprotocol": 1}, "by": {"at": "app.py:9"}})
    told = claimed(messages(seen(enter(), sent), WHO), "asgi.application.valid-message")
    assert told == [(False, "websocket.accept with subprotocol 1, sent at app.py:9")]


def test_a_value_that_is_neither_text_nor_bytes_is_shown_by_its_type() -> None:
    assert shown({"$": "other", "type": "app.Thing", "repr": "<Thing>"}) == "app.Thing <Thing>"
    assert exception_text(None) == "nothing raised"


VISIT: dict[str, Any] = {"kind": "route", "tags": {"route": "/echo", "configure": "[route]\nheaders = {}"}}


def test_a_route_that_was_not_visited_says_why() -> None:
    before = aside(case_of(**VISIT), seen(request(), enter(), response(401)))
    assert before is not None
    assert before[0] is Verdict.SKIP
    assert before[1].startswith("the handler was not reached: what stands before it answered (HTTP 401).")
    slow = aside(case_of(**VISIT), seen(request(), enter(), ("route", "enter", {}), missed("response")))
    assert slow == (Verdict.SKIP, "the handler did not answer the handshake within 5 s")


@pytest.mark.parametrize(("listens", "held"), [(1, False), (2, True)])
def test_what_another_task_was_told_the_handler_need_not_know(listens: int, held: bool) -> None:
    """A task of the framework has received the disconnect, and the server refuses the send as it should not."""
    gone: Entry = ("route", "receive", {"event": GONE, "task": listens})
    refused: Entry = ("route", "send.raised", {"exc": WRONG, "task": 1})
    ends: list[Entry] = [(at, "exit", {"outcome": "raised", "exc": WRONG}) for at in ("route", "outer")]
    told = ending(case_of(**VISIT), seen(*opened(), gone, refused, *ends), WHO, False)
    (claim,) = claimed(told, "suite.handler.disconnect-caught")
    assert claim[0] is held


def test_a_handler_that_needs_the_lifespan_is_not_blamed() -> None:
    exc = {**WRONG, "frames": ["app.py:9 echo"], "leaves": [{**WRONG, "frames": ["app.py:9 echo"]}]}
    left: Entry = ("route", "exit", {"outcome": "raised", "exc": exc})
    assert "calls no lifespan" in unserved(seen(enter(lifespan=False), ("route", "enter", {}), left))
    assert not unserved(seen(enter(), ("route", "enter", {}), left))


@pytest.mark.parametrize(
    ("after", "observed"),
    [
        ({"alive": False}, "the connection of the other client ended without a Close frame"),
        ({"close": [1011, ""]}, "the other client was closed with 1011 ''"),
        ({"exc": WRONG}, "the handler of the other client ended with RuntimeError: no at app.echo (app.py:7)"),
    ],
)
def test_what_became_of_the_other_client_is_told(after: dict[str, Any], observed: str) -> None:
    found = {"alive": True, "close": None, "exc": None, **after}
    told = beside(seen(("bystander", "before", {"alive": True}), ("bystander", "after", found)), WHO)
    assert claimed(told, "asgi.application.one-connection") == [(False, observed)]


# --- as a whole


def test_a_value_that_is_not_there_is_missing() -> None:
    path = {"path": ["State", "OPEN"], "expect": 1, "says": "State.OPEN is"}
    case = Case("own", "It is.", "own", ("starlette.surface.states",), (Step(0, "surface", "look", path),))
    values: Entry = ("surface", "values", {"values": {}})
    assert claimed(surface(case, trace(values)), "starlette.surface.states") == [(False, "State.OPEN is 'missing'")]


def test_a_route_case_of_which_nothing_was_seen_is_an_error() -> None:
    case = case_of(requires=("suite.handler.ends",), kind="route", tags={"route": "/echo", "way": "close-1000"})
    entries = [*opened(), ("route", "enter", {}), ("route", "send", {"event": ACCEPT})]
    judgement = judge(case, trace(*entries), STARLETTE)
    assert (judgement.verdict, judgement.reason) == (Verdict.ERROR, "nothing that this case decides was observed")


def test_an_older_release_is_told_from_when_on_it_is_held_to_a_requirement() -> None:
    claim = Claim("starlette.send.lost", False, Layer.FRAMEWORK, "app", "raises", "returned")
    found = finding(claim, case_of(), Context(SERVER, "starlette", "0.30.0"))
    assert found is not None
    assert found.verdict is Verdict.NOTE
    assert found.message.endswith("Since starlette 0.36.0: starlette 0.30.0 does not promise it.")


def test_what_was_found_without_a_context_stays_as_it_is() -> None:
    made = Finding("suite", Level.MUST, Layer.SUITE, Verdict.FAIL, Layer.SERVER, "outer", "a", "b")
    assert as_accepted(made, case_of(), None) is made


def call(table: Dialect, event: dict[str, Any], **ended: Any) -> Call:
    (operation_,) = seen(operation("receive_text", 1, (1, 1), **ended)).operations
    return Call(table, "receive_text", {}, operation_, event, ())


def test_a_framework_may_return_nothing_for_a_disconnect() -> None:
    silent = Dialect(disconnect="")
    told = TOPICS["disconnect.raised"]
    assert list(told(call(silent, GONE, returned=None))) == [
        (True, "receive_text() returns None", "receive_text() returned None")
    ]
    assert [held for held, *_ in told(call(silent, GONE, raised=LEFT))] == [False]


def test_the_reason_of_a_disconnect_is_that_of_the_event() -> None:
    told, table = TOPICS["disconnect.reason"], DIALECTS["falcon"]
    gone = {**GONE, "reason": "bye"}
    assert list(told(call(table, gone, raised={**LEFT, "reason": "bye"}))) == [(True, "reason='bye'", "reason='bye'")]
    assert list(told(call(table, gone, raised=LEFT))) == [(False, "reason='bye'", "reason=None")]
    assert not list(told(call(table, gone, returned="a")))


def test_a_handler_that_returned_has_raised_nothing_of_the_frameworks() -> None:
    assert own_exception(seen(), {"outcome": "returned"}) is None


def test_what_an_older_release_does_otherwise_explains_the_rest() -> None:
    gone = {"type": "starlette.websockets.WebSocketDisconnect", "mro": ["WebSocketDisconnect"], "code": 1006}
    told = [*inner(2, receive({**GONE, "reason": "bye"})), state("client_state", 1, 2, 2)]
    told.append(operation("receive_text", 2, (2, 1), raised=gone))
    case = case_of(("accept", {}), ("receive_text", {}), requires=("starlette.send.text",))
    older = judge(case, trace(*opened(), accepted()[1:], told), Context(SERVER, "starlette", "0.30.0"))
    assert older.verdict is Verdict.SKIP
    assert older.reason.endswith("Since starlette 0.32.0: starlette 0.30.0 does not promise it.")
    newer = judge(case, trace(*opened(), accepted()[1:], told), STARLETTE)
    reason = "starlette.disconnect.reason was breached first (framework: reason=None)"
    assert (newer.verdict, newer.reason) == (Verdict.SKIP, f"could not be decided: {reason}")


def test_a_server_may_keep_a_send_back() -> None:
    case = case_of(("accept", {}), ("send_text", {"args": {"data": "a"}}), requires=("falcon.send.lost",))
    ready = {"unaccepted": False, "ready": True, "closed": False}
    sent = [("inner", "enter", {}), *inner(1, *send(ACCEPT)), operation("accept", 1, (0, 0), **ready), send(TEXT)[:1]]
    held = missed("exit", step=2, waiting={"outer.send": "send", "inner.send": "send"})
    judgement = judge(case, trace(*opened(), *sent, held), Context(SERVER, "falcon", "4.0"))
    reason = "could not be decided: the server had not let a send return, and no document says when it must"
    assert (judgement.verdict, judgement.reason) == (Verdict.SKIP, reason)
