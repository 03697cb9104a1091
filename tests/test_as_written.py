"""What a user's own case comes to: what was seen instead of what its script says, in the words of the script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from asgi_conformance import requirements
from asgi_conformance.judge.as_written import as_written
from asgi_conformance.judge.seen import Missed, Operation
from asgi_conformance.model import Case
from asgi_conformance.script import App, CaseFunction, Client
from asgi_conformance.values import observed

WRITTEN = "user.as-written"
Script = Callable[[Client, App], Any]


@pytest.fixture(autouse=True)
def written() -> Iterator[None]:
    """One requirement of the user's own, which no other test sees."""
    with requirements.anew():
        requirements.requirement(WRITTEN, "MUST", "framework", "The script goes as it is written.", source="here")
        yield
    with requirements.anew():
        pass


def case_of(script: Script) -> Case:
    def written(client: Client, app: App) -> None:
        """It goes as written."""
        script(client, app)

    return next(CaseFunction("own.case", written, (WRITTEN,), None, "probe", (), None).cases())


def message(text: str) -> dict[str, Any]:
    return {"opcode": "text", "fin": True, "payload": observed(text)}


def operation(op: str, returned: Any = None, raised: Mapping[str, Any] | None = None) -> Operation:
    return Operation(0, op, observed(returned), raised, None, 1)


def seen(case: Case, /, **given: Any) -> Any:
    """A run in which each step was completed, but for what is given otherwise."""
    headers: Mapping[str, list[str]] = given.pop("headers", {})
    found: dict[str, Any] = {
        "client_steps": [{"step": step.index, "op": step.op} for step in case.steps if step.lane == "client"],
        "operations": [],
        "failed": (),
        "missed": (),
        "at": lambda *_: given.get("parsed", []),
    }
    found |= {name: value for name, value in given.items() if name in found}
    wire = {"received": given.get("received", []), "status": given.get("status", 101)}
    wire |= {"server_close": given.get("server_close"), "headers": lambda name: headers.get(name, [])}
    return SimpleNamespace(**found, wire=SimpleNamespace(**wire))


def told(script: Script, **given: Any) -> tuple[bool, str, str]:
    case = case_of(script)
    (claim,) = as_written(case, seen(case, **given))
    return claim.held, claim.expected, claim.observed


DISCONNECT = {"type": "starlette.websockets.WebSocketDisconnect", "mro": ["WebSocketDisconnect", "Exception"]}
LEFT = {**DISCONNECT, "code": 1001, "reason": "away"}
# What the script says, what was seen, and how that is told: what was expected, and what came instead.
OTHERWISE: dict[str, tuple[Script, dict[str, Any], str, str]] = {
    "another-text": (
        lambda client, app: client.receives_text("a"), {"received": [message("b")]},
        "step 1, the client receives text 'a'", "text 'b'",
    ),
    "another-kind": (
        lambda client, app: client.receives_bytes(b"a"), {"received": [message("a")]},
        "step 1, the client receives bytes b'a'", "a text message 'a'",
    ),
    "another-value": (
        lambda client, app: client.receives_json({"a": [1, 2]}),
        {"received": [message("")], "parsed": [SimpleNamespace(data={"value": {"a": [1, 3]}})]},
        "step 1, the client receives json {'a': [1, 2]}", "the JSON value {'a': [1, 3]}",
    ),
    "no-json": (
        lambda client, app: client.receives_json(1),
        {"received": [message("x")], "parsed": [SimpleNamespace(data={"problem": "no JSON: 'x'"})]},
        "step 1, the client receives json 1", "no JSON: 'x'",
    ),
    "true-is-not-1": (
        lambda client, app: client.receives_json(1),
        {"received": [message("true")], "parsed": [SimpleNamespace(data={"value": True})]},
        "step 1, the client receives json 1", "the JSON value True",
    ),
    "another-subprotocol": (
        lambda client, app: client.is_accepted("chat"), {"headers": {"sec-websocket-protocol": ["other"]}},
        "step 1, the client is accepted subprotocol 'chat'", "the subprotocol 'other'",
    ),
    "another-header": (
        lambda client, app: client.is_accepted(headers=[("x-a", "1")]), {"headers": {"x-a": ["2"]}},
        "step 1, the client is accepted headers [['x-a', '1']]", "the header x-a is ['2']",
    ),
    "another-status": (
        lambda client, app: client.is_refused(403), {"status": 401},
        "step 1, the client is refused status 403", "HTTP 401",
    ),
    "another-code": (
        lambda client, app: client.is_closed(4001, "bye"), {"server_close": {"code": 4000, "reason": "bye"}},
        "step 1, the client is closed code 4001 reason 'bye'", "Close 4000 'bye'",
    ),
    "a-close-without-a-code": (
        lambda client, app: client.is_closed(1000), {"server_close": {}},
        "step 1, the client is closed code 1000", "Close without a code ''",
    ),
    "a-step-that-failed": (
        lambda client, app: client.is_ended(), {"client_steps": [], "failed": [{"why": "a second message came"}]},
        "step 1, the client sees the end of TCP", "a second message came",
    ),
    "a-deadline": (
        lambda client, app: client.is_ended(), {"client_steps": [], "missed": [Missed("server.eof", 5.0, {}, True)]},
        "step 1, the client sees the end of TCP", "no server.eof within 5 s",
    ),
    "an-end-before": (
        lambda client, app: client.opens(), {"client_steps": []},
        "step 1, the client opens", "the run ended first",
    ),
    "another-return": (
        lambda client, app: app.receives_text("a"), {"operations": [operation("receive_text", "b")]},
        "step 1, the handler's receive_text value 'a'", "it returned 'b'",
    ),
    "an-operation-that-was-not-reached": (
        lambda client, app: app.receives_text("a"), {},
        "step 1, the handler's receive_text value 'a'", "the handler did not come to it",
    ),
    "an-exception": (
        lambda client, app: app.receives_text("a"), {"operations": [operation("receive_text", raised=LEFT)]},
        "step 1, the handler's receive_text value 'a'", "WebSocketDisconnect(code=1001, reason='away')",
    ),
    "another-code-of-the-disconnect": (
        lambda client, app: app.is_disconnected(4001), {"operations": [operation("receive", raised=LEFT)]},
        "step 1, the handler's receive_text code 4001", "WebSocketDisconnect(code=1001, reason='away')",
    ),
    "no-exception": (
        lambda client, app: app.is_disconnected(4001), {"operations": [operation("receive", "a")]},
        "step 1, the handler's receive_text code 4001", "nothing was raised",
    ),
}  # fmt: skip
AS_WRITTEN: dict[str, tuple[Script, dict[str, Any]]] = {
    "more-members": (
        lambda client, app: client.receives_json({"a": [{"b": 1}]}),
        {"received": [message("")], "parsed": [SimpleNamespace(data={"value": {"a": [{"b": 1, "c": 2}], "d": 3}})]},
    ),
    "any-text": (lambda client, app: client.receives_text(), {"received": [message("b")]}),
    "any-status": (lambda client, app: client.is_refused(), {"status": 401}),
    "a-close": (
        lambda client, app: client.is_closed(4001, ""), {"server_close": {"code": 4001}},
    ),
    "a-subprotocol-and-a-header": (
        lambda client, app: client.is_accepted("chat", [("x-a", "1")]),
        {"headers": {"sec-websocket-protocol": ["chat"], "x-a": ["2", "1"]}},
    ),
    "a-disconnect": (
        lambda client, app: app.is_disconnected(1001, "away"), {"operations": [operation("receive", raised=LEFT)]},
    ),
    "any-exception": (
        lambda client, app: app.calls("receive", raises=True), {"operations": [operation("receive", raised=LEFT)]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_went_otherwise_is_told_with_its_step(name: str) -> None:
    script, given, expected, instead = OTHERWISE[name]
    assert told(script, **given) == (False, expected, instead)


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_what_the_script_leaves_open_may_be_anything(name: str) -> None:
    script, given = AS_WRITTEN[name]
    assert told(script, **given) == (True, "what the script says", "what the script says")


def test_a_wait_that_proves_nothing_decides_nothing() -> None:
    case = case_of(lambda client, app: client.is_ended())
    late = [Missed("server.eof", 5.0, {}, sound=False)]
    assert not list(as_written(case, seen(case, client_steps=[], missed=late)))


def test_only_requirements_of_the_users_own_are_decided_so() -> None:
    case = case_of(lambda client, app: client.opens())
    both = replace(case, requires=("asgi.disconnect.code", WRITTEN))
    assert [claim.requirement for claim in as_written(both, seen(both))] == [WRITTEN]
    assert not list(as_written(replace(case, requires=("asgi.disconnect.code",)), seen(case)))
