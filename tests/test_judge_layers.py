"""The judges of middleware, framework and application on invented traces: what is laid on whom, and in which words."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from made_trace import (
    GONE,
    LOST,
    WRONG,
    Entry,
    claimed,
    close,
    data,
    enter,
    missed,
    receive,
    request,
    seen,
    send,
)

from asgi_conformance.judge import Context
from asgi_conformance.judge.claims import Claim
from asgi_conformance.judge.dialect import dialect
from asgi_conformance.judge.framework import framework
from asgi_conformance.judge.middleware import TRANSPARENT, VALID, middleware
from asgi_conformance.model import Case, Component, Layer, ServerInfo, Step
from asgi_conformance.states import Pair, WebSocketState
from asgi_conformance.states_model import Given

SERVER = ServerInfo("uvicorn", "uvicorn", "0.54.0", "websockets-sansio", spec_version="2.4")
STARLETTE = Context(SERVER, "starlette", "1.10.0")
WHO = Component("app.echo", Layer.APPLICATION, "app.py", 7)
WRAPPER = {"name": "app.Wrapper", "layer": "middleware", "file": "app.py", "line": 3}
CONNECT = {"type": "websocket.connect"}
TEXT = {"type": "websocket.send", "text": "a"}
Told = list[tuple[bool, str]]


def case_of(*ops: tuple[str, dict[str, Any]], requires: tuple[str, ...] = (), **more: Any) -> Case:
    """A case whose app lane does this, after the client has opened."""
    steps = [Step(0, "client", "opens"), *(Step(at, "app", op, args) for at, (op, args) in enumerate(ops, 1))]
    return Case("own.case", "It goes.", "own", requires, tuple(steps), **more)


# --- middleware


def wrapped(*entries: Entry | list[Entry]) -> Any:
    """Seen above and below one middleware, which the handshake has passed."""
    return seen(request(), enter(), enter("asgi:1", component=WRAPPER), *entries)


def both(event: dict[str, Any]) -> list[Entry]:
    return [receive(event), receive(event, "asgi:1")]


def waits(call: str) -> Entry:
    return missed("end", waiting={call: "call"})


PASSED: dict[str, tuple[list[Entry | list[Entry]], str, Told]] = {
    "connect-is-kept-back": (
        [receive(CONNECT), waits("asgi:1.receive")], VALID, [(False, "no event within the deadline")],
    ),
    "a-send-is-refused": (
        [both(CONNECT), send(TEXT, "asgi:1", WRONG)],
        VALID, [(False, "RuntimeError: no, raised at ?")] * 2,
    ),
    "a-send-is-swallowed": (
        [both(CONNECT), send(TEXT, "asgi:1")], TRANSPARENT, [(False, "not passed on")] * 2,
    ),
    "a-send-is-held-back": (
        [both(CONNECT), send(TEXT, "asgi:1")[:1], waits("asgi:1.send")],
        TRANSPARENT, [(False, "not passed on within 5 s")] * 2,
    ),
    "a-send-is-under-way": (
        [both(CONNECT), send(TEXT, "asgi:1")[:1]], TRANSPARENT, [(True, "every event passed on")],
    ),
    "a-send-that-returned-above-hangs-below": (
        [both(CONNECT), send(TEXT, "asgi:1")[:1], send(TEXT), waits("asgi:1.send")],
        VALID, [(False, "the send had not ended after 5 s")] * 2,
    ),
    "a-send-that-returned-above-raises-below": (
        [both(CONNECT), send(TEXT, "asgi:1", WRONG), send(TEXT)],
        VALID, [(False, "the send raised RuntimeError: no")] * 2,
    ),
    "an-error-that-is-swallowed": (
        [both(CONNECT), send(TEXT, "asgi:1"), send(TEXT, raised=LOST)],
        "asgi.send.after-disconnect", [(False, "the send returned")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PASSED)
def test_what_a_middleware_did_not_pass_on_is_told(name: str) -> None:
    entries, id, expected = PASSED[name]
    assert claimed(middleware(wrapped(*entries)), id) == expected


def test_a_change_that_the_settings_allow_is_none() -> None:
    rewritten = [receive({"type": "websocket.disconnect", "code": 4001}), receive(GONE, "asgi:1")]
    changed = wrapped(both(CONNECT), close(4001, "sent"), rewritten)
    assert claimed(middleware(changed), "asgi.disconnect.code") == [(False, "websocket.disconnect code=1006")]
    assert not claimed(middleware(changed, ["close-code"]), "asgi.disconnect.code")


# --- Starlette


def operation(op: str, step: int, states: tuple[int, int], **ended: Any) -> Entry:
    client, application = states
    return "app", "op", {"step": step, "op": op, "client_state": client, "application_state": application, **ended}


def state(attribute: str, old: int, new: int, step: int) -> Entry:
    return "framework", "state", {"attribute": attribute, "old": old, "new": new, "step": step}


def inner(step: int, *entries: Entry) -> list[Entry]:
    return [("inner", kind, {**found, "step": step}) for _, kind, found in entries]


def accepted() -> list[Entry]:
    """The lane's first operation: the framework accepts."""
    return [
        enter(), ("inner", "enter", {}), *inner(1, receive(CONNECT)), state("client_state", 0, 1, 1),
        *inner(1, *send({"type": "websocket.accept"})), state("application_state", 0, 1, 1),
        operation("accept", 1, (1, 1)),
    ]  # fmt: skip


def said(name: str, args: dict[str, Any], id: str, *entries: Entry | list[Entry], accepts: bool = True) -> Told:
    first = ("accept", {}) if accepts else ("receive", {})
    case = case_of(first, (name, {"args": args}))
    return claimed(framework(case, seen(request(), accepted() if accepts else [], *entries)), id)


def test_what_starlette_was_sent_it_passes_on_unchanged() -> None:
    def passed_on(event: dict[str, Any]) -> Told:
        sent = [*inner(2, *send(event)), operation("send", 2, (1, 1))]
        return said("send", {"message": TEXT}, "starlette.send.raw", sent)

    assert passed_on(TEXT) == [(True, "websocket.send text='a'")]
    assert passed_on({**TEXT, "text": "b"}) == [(False, "websocket.send text='b'")]


def test_a_send_that_passes_on_what_is_right_has_to_return() -> None:
    sent = [*inner(2, *send(TEXT)), operation("send_text", 2, (1, 1), raised=WRONG)]
    assert said("send_text", {"data": "a"}, "starlette.send.text", sent) == [(False, "raised RuntimeError: no")]


def test_states_that_no_operation_has_to_change_are_told() -> None:
    taken = [*inner(2, receive({"type": "websocket.receive", "text": "a"})), operation("receive_text", 2, (1, 2))]
    told = said(
        "receive_text", {}, "starlette.state.receive-message", [*taken[:-1], operation("receive_text", 2, (1, 1))]
    )
    assert [held for held, _ in told] == [True]
    sent = [*inner(2, *send(TEXT)), operation("send_text", 2, (1, 2), returned=None)]
    assert said("send_text", {"data": "a"}, "starlette.state.unchanged-on-error", sent)[0][0] is False


def test_a_loop_that_the_script_leaves_says_nothing_of_its_end() -> None:
    taken = [*inner(2, receive({"type": "websocket.receive", "text": "a"})), operation("iterate", 2, (1, 1))]
    assert not said("iterate", {"kind": "text", "limit": 1}, "starlette.receive.text", taken)


DENIAL = {"type": "websocket.http.response.start", "status": 404, "headers": []}


def denied(*sent: list[Entry], states: tuple[int, int] = (2, 3), raised: Any = LOST) -> Told:
    first = [enter(), ("inner", "enter", {}), *inner(1, receive(CONNECT)), state("client_state", 0, 1, 1)]
    first.append(operation("receive", 1, (1, 0), returned=CONNECT))
    passed = [one for entries in sent for one in inner(2, *entries)]
    args = {"status": 404, "chunks": (b"no",)}
    entries = [*first, *passed, operation("deny", 2, states, raised=raised)]
    return said("deny", args, "starlette.denial.sent", entries, accepts=False)


def test_a_denial_that_is_cut_off_is_judged_by_what_was_passed_on() -> None:
    def part(raw: bytes) -> dict[str, Any]:
        return {"type": "websocket.http.response.body", "body": data(raw), "more_body": False}

    assert denied(send(DENIAL), send(part(b"no"), raised=LOST))[0][0] is True
    wrong = denied(send(DENIAL), send(part(b"yes"), raised=LOST))
    assert wrong == [(False, "websocket.http.response.body body=b'yes' more_body=False")]


def test_a_denial_in_parts_need_not_be_in_three() -> None:
    """The table knows one number of parts; of another nothing is missing."""
    first = [enter(), ("inner", "enter", {}), *inner(1, receive(CONNECT)), state("client_state", 0, 1, 1)]
    first.append(operation("receive", 1, (1, 0), returned=CONNECT))
    ended = [*first, *inner(2, *send(DENIAL)), operation("deny", 2, (1, 3))]
    args = {"status": 404, "chunks": (b"a", b"b", b"c", b"d")}
    assert not said("deny", args, "starlette.denial.sent", ended, accepts=False)


def unfinished(op: str, waiting: list[str], *entries: Entry | list[Entry], **args: Any) -> list[Claim]:
    missed_ = missed("barrier", step=2, waiting=dict.fromkeys(waiting, "call"))
    case = case_of(("accept", {}), (op, {"args": args}))
    claims = framework(case, seen(request(), accepted(), *entries, missed_))
    return [claim for claim in claims if "had not ended" in claim.observed]


def test_an_operation_that_has_all_that_it_needs_must_end() -> None:
    got = inner(2, receive({"type": "websocket.receive", "text": "a"}))
    found = unfinished("receive_text", ["inner.receive"], got)
    assert "starlette.receive.text" in [claim.requirement for claim in found]
    assert {claim.observed for claim in found} == {"it had not ended after 5 s and was waiting for more than it needs"}


@pytest.mark.parametrize(
    ("op", "waiting"),
    [
        ("hang", []),
        ("receive_text", ["barrier"]),
        ("receive_text", ["inner.receive"]),
        ("receive_text", ["inner.send"]),
    ],
)
def test_an_operation_that_waits_for_others_need_not_end(op: str, waiting: list[str]) -> None:
    got = inner(2, receive({"type": "websocket.receive", "text": "a"})) if waiting != ["inner.receive"] else []
    assert not unfinished(op, waiting, got)


def test_outcomes_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["asgi_conformance.judge.framework"]
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    monkeypatch.setattr(module, "_outcomes", remembered := {})
    pair = Pair(WebSocketState(1), WebSocketState(1))
    for text in "abc":
        given = Given(({"type": "websocket.receive", "text": text},), frozenset())
        assert module._step(pair, "receive_text", given).value == text
    assert len(remembered) == 1


def test_what_is_seen_beside_an_operation_is_of_none() -> None:
    beside_ = [("inner", "exit", {"outcome": "returned"}), *inner(2, *send(TEXT)), operation("send_text", 2, (1, 1))]
    assert said("send_text", {"data": "a"}, "starlette.send.text", beside_) == [(True, "websocket.send text='a'")]


# --- other frameworks

LEFT = {"type": "falcon.WebSocketDisconnected", "mro": ["WebSocketDisconnected"], "message": "", "code": 1006}


def spoken(name: str, id: str, ops: list[str], *entries: Entry | list[Entry]) -> Told:
    case = case_of(*((op, {}) for op in ops))
    return claimed(dialect(case, seen(enter(), ("inner", "enter", {}), *entries), name), id)


def test_a_message_that_was_given_has_to_be_returned() -> None:
    message = receive({"type": "websocket.receive", "text": "a"}, "inner")
    late = missed("barrier", step=1)
    found = spoken("falcon", "falcon.receive.text", ["receive_text"], message, late)
    assert found == [(False, "receive_text() had not ended at the deadline")]
    assert not spoken("falcon", "falcon.receive.text", ["receive_text"], late)
    # What a framework does not document of a topic decides nothing.
    assert not spoken("quart", "quart.receive.json", ["receive_json"], message, late)


def test_what_falcon_tells_of_a_disconnect() -> None:
    gone = [receive(GONE, "inner"), operation("receive_text", 1, (0, 0), raised=LEFT)]
    assert spoken("falcon", "falcon.disconnect.code", ["receive_text"], *gone) == [(True, "code=1006")]
    none = [receive({**GONE, "code": None}, "inner"), operation("receive_text", 1, (0, 0), raised=LEFT)]
    assert not spoken("falcon", "falcon.disconnect.code", ["receive_text"], *none)


def test_a_binary_message_is_no_json_of_falcons() -> None:
    """A message of which only the size was observed cannot be compared."""
    long = {"type": "websocket.receive", "text": {"$": "text", "len": 9000, "sha256": "0" * 64}}
    taken = [receive(long, "inner"), operation("receive_json", 1, (0, 0), returned={})]
    assert not spoken("falcon", "falcon.receive.json", ["receive_json"], *taken)


def ended(outcome: str) -> Entry:
    return "app", "exit", {"outcome": outcome}


ACCEPT, CLOSE = {"type": "websocket.accept"}, {"type": "websocket.close", "code": 1011}


def test_falcon_closes_for_a_handler_that_raises_and_only_once() -> None:
    def found(*events: dict[str, Any]) -> Told:
        sent = [one for event in events for one in send(event)]
        return spoken("falcon", "falcon.handler.error", ["accept"], *sent, ended("raised"))

    assert found(ACCEPT, CLOSE) == [(True, "websocket.close code=1011")]
    assert not found(ACCEPT, CLOSE, CLOSE)


def test_falcon_closes_with_the_status_of_an_http_error() -> None:
    http = {"type": "falcon.HTTPForbidden", "mro": ["HTTPForbidden", "HTTPError"], "message": ""}
    handled: list[Entry] = [("framework", "handled", {"default": True, "exc": http})]
    refused: list[Entry] = [("framework", "refused", {"status_code": 403})]

    def found(*events: dict[str, Any]) -> Told:
        sent = [one for event in events for one in send(event)]
        return spoken("falcon", "falcon.handler.http-error", ["accept"], handled, refused, *sent, ended("raised"))

    assert found(ACCEPT, {**CLOSE, "code": 3403}) == [(True, "websocket.close code=3403")]
    assert not found(ACCEPT, CLOSE, CLOSE)


def test_a_handler_that_has_not_returned_is_not_closed_for() -> None:
    sent = send(CLOSE)
    assert not spoken("falcon", "falcon.handler.returns", ["accept"], sent, ended("completed"))
    over: Entry = ("outer", "exit", {"outcome": "returned"})
    found = spoken("falcon", "falcon.handler.returns", ["accept"], sent, ended("completed"), over)
    assert found == [(False, "websocket.close code=1011")]
