"""cases/scope.py and the requests that must be refused: each is failed by a scope or an answer that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from test_judge import CONTEXT, run

from asgi_conformance import cases
from asgi_conformance.addresses import OUTERMOST
from asgi_conformance.child.scope import MARK, Namespace
from asgi_conformance.judge import Judgement, judge
from asgi_conformance.judge.server_request import wrong_with
from asgi_conformance.model import Layer, Result, Trace, Verdict

TEXT, NUMBER = "text", 7
# By case what is put into the scope in the place of what was there, and the requirement that it breaks.
BROKEN: tuple[tuple[str, str, Any, str], ...] = (
    ("scope.protocol", "type", "http", "type"),
    ("scope.protocol", "asgi", {"version": NUMBER}, "asgi-versions"),
    ("scope.protocol", "asgi", {"version": "3.0", "spec_version": 2.4}, "asgi-versions"),
    ("scope.protocol", "asgi", None, "asgi-versions"),
    ("scope.protocol", "http_version", "1.0", "http-version"),
    ("scope.protocol", "http_version", 1.1, "http-version"),
    ("scope.protocol", "scheme", "", "scheme"),
    ("scope.protocol", "scheme", "http", "scheme"),
    ("scope.path[utf-8-two-bytes]", "path", "/caf\xc3\xa9", "path"),
    ("scope.path[twice-escaped]", "path", "/a%b", "path"),
    ("scope.path[plain]", "path", {"$": "bytes", "hex": b"/a/b".hex()}, "path"),
    ("scope.path[plain]", "raw_path", "/a/b", "raw-path"),
    ("scope.path[space]", "raw_path", {"$": "bytes", "hex": b"/a b".hex()}, "raw-path"),
    ("scope.query[plain]", "query_string", "a=1&b=2", "query-string"),
    ("scope.query[plain]", "query_string", None, "query-string"),
    ("scope.query[none]", "query_string", {"$": "bytes", "hex": b"?".hex()}, "query-string"),
    ("scope.root-path[root]", "root_path", None, "root-path"),
    ("scope.root-path[below]", "root_path", "/a", "root-path"),
    ("scope.mounted[stripped]", "root_path", "", "root-path"),
    ("scope.mounted[whole-path]", "root_path", ..., "root-path"),
    ("scope.mounted[stripped]", "root_path", "/elsewhere", "root-path"),
    ("scope.forwarded[proto-https]", "scheme", "https", "scheme-forwarded"),
    ("scope.forwarded[for-the-proxy-alone]", "client", [None, 0], "client"),
    ("scope.forwarded[for-nobody]", "client", ["", 0], "client"),
    ("scope.forwarded[for-one]", "client", ["192.0.2.7", "0"], "client"),
    ("scope.headers[one]", "headers", None, "headers"),
    ("scope.headers[one]", "headers", [["x-one", "1"]], "headers"),
    ("scope.headers.spaces-around[before]", "headers", [], "headers"),
    ("scope.headers.invented[next-line]", "headers", [[b"x-invented", b"yes"]], "headers-invented"),
    ("scope.addresses", "client", ["127.0.0.1", "4711"], "client"),
    ("scope.addresses", "client", ["192.0.2.1", 4711], "client"),
    ("scope.addresses", "server", ["127.0.0.1", 0], "server"),
    ("scope.addresses", "server", "localhost", "server"),
    ("scope.subprotocols[two-lines]", "subprotocols", ["chat"], "subprotocols"),
    ("scope.state", "state", {"type": "dict", "filled": False}, "state"),
    ("scope.state", "state", {"type": "list", "filled": None}, "state"),
    ("scope.extensions", "extensions", ["tls"], "extensions"),
    ("scope.extensions", "extensions", {"tls": True}, "extensions"),
)
OPTIONAL = ("http_version", "scheme", "raw_path", "root_path", "client", "server", "state", "extensions")


@pytest.fixture(scope="module")
def results() -> Mapping[str, Result]:
    """The cases that leave the target out, on a right one."""
    found = run("targets.broken.base:app", [case for case in cases.load() if OUTERMOST in case.needs])
    return {result.case.full_id: result for result in found}


def entered(result: Result, **changes: Any) -> Trace:
    """The trace of a result, with what the server gave to the application changed."""
    return Trace(
        tuple(
            o._replace(data=_changed(o.data, changes)) if (o.boundary, o.kind) == ("outer", "enter") else o
            for o in result.trace.observations
        )
    )


def _changed(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    scope = {key: value for key, value in {**data["scope"], **changes}.items() if value is not ...}
    return {**data, "scope": scope, "subprotocols": scope["subprotocols"]}


def judged(result: Result, trace: Trace) -> Judgement:
    return judge(result.case, trace, CONTEXT)


def encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$": "bytes", "hex": value.hex()}
    return [encoded(item) for item in value] if isinstance(value, list) else value


def test_a_right_server_is_green_and_never_unstable(results: Mapping[str, Result]) -> None:
    right = (Verdict.PASS, Verdict.NOTE, Verdict.KNOWN)
    assert not [(id, r.verdict, r.reason) for id, r in results.items() if r.verdict not in right or r.unstable]


@pytest.mark.parametrize(("id", "key", "value", "requirement"), BROKEN)
def test_a_scope_that_is_wrong_is_the_servers_breach(
    results: Mapping[str, Result], id: str, key: str, value: Any, requirement: str
) -> None:
    judgement = judged(results[id], entered(results[id], **{key: encoded(value)}))
    breach = Verdict.WARN if requirement in ("extensions", "scheme-forwarded") else Verdict.FAIL
    assert (judgement.verdict, judgement.layer) == (breach, Layer.SERVER)
    breached = [f for f in judgement.findings if f.verdict is breach]
    assert f"asgi.scope.{requirement}" in {f.requirement for f in breached}
    assert all(f.boundary == "outer" and f.observed for f in breached)


def test_headers_in_another_order_are_a_warning(results: Mapping[str, Result]) -> None:
    result = results["scope.headers[order]"]
    headers = next(o.data["scope"]["headers"] for o in result.trace.at("outer", "enter"))
    assert judged(result, entered(result, headers=headers[::-1])).verdict is Verdict.WARN
    upper = [[encoded(bytes.fromhex(name["hex"]).upper()), value] for name, value in headers]
    assert judged(result, entered(result, headers=upper)).verdict is Verdict.WARN


def test_what_is_optional_is_never_demanded(results: Mapping[str, Result]) -> None:
    for id, result in results.items():
        if id.startswith("scope.") and result.verdict is Verdict.PASS and result.trace.at("outer", "enter"):
            less = entered(result, **dict.fromkeys(OPTIONAL, ...))
            assert judged(result, less).verdict is Verdict.PASS, id


def answered(result: Result, boundary: str, **changes: Any) -> Trace:
    """The trace of a result with another answer to the first or the second request."""
    return Trace(
        tuple(
            o._replace(data={**o.data, **changes}) if (o.boundary, o.kind) == (boundary, "response") else o
            for o in result.trace.observations
        )
    )


@pytest.mark.parametrize("id", ["handshake.malformed[upgrade-missing]", "handshake.version[12]"])
@pytest.mark.parametrize("status", [101, 200, 301])
def test_a_request_that_must_be_refused_and_is_not(results: Mapping[str, Result], id: str, status: int) -> None:
    judgement = judged(results[id], answered(results[id], "wire", status=status))
    assert (judgement.verdict, judgement.layer) == (Verdict.FAIL, Layer.SERVER)


def test_an_application_that_is_called_for_a_malformed_request(results: Mapping[str, Result]) -> None:
    result = results["handshake.malformed[key-missing]"]
    (enter,) = result.trace.at("outer", "enter")
    judgement = judged(result, Trace((*result.trace.observations, enter)))
    assert judgement.verdict is Verdict.FAIL
    assert "the application was called" in judgement.findings[0].observed


def test_a_refusal_that_names_the_version_is_right(results: Mapping[str, Result]) -> None:
    result = results["handshake.version[12]"]
    named = answered(result, "wire", status=426, headers=[["Sec-WebSocket-Version", "8, 13"]])
    assert judged(result, named).verdict is Verdict.PASS


@pytest.mark.parametrize("id", ["handshake.malformed[upgrade-missing]", "handshake.malformed.key[short]"])
def test_a_server_that_goes_on_with_nobody_is_warned_about(results: Mapping[str, Result], id: str) -> None:
    judgement = judged(results[id], answered(results[id], "again", status=503))
    assert judgement.verdict is Verdict.WARN
    assert "suite.server.goes-on" in {f.requirement for f in judgement.findings if f.verdict is Verdict.WARN}


@pytest.mark.parametrize(
    ("more", "verdict"), [([["date", "then"]], Verdict.WARN), ([["connection", "Upgrade"]], Verdict.PASS)]
)
def test_an_answer_that_says_twice_what_is_no_list(results: Mapping[str, Result], more: Any, verdict: Verdict) -> None:
    result = results["messages.client.waited-for"]
    (answer,) = result.trace.at("wire", "response")
    assert "date" in {name.lower() for name, _ in answer.data["headers"]}
    doubled = answered(result, "wire", headers=[*answer.data["headers"], *more])
    case = replace(result.case, requires=("suite.server.headers-once",))
    assert judge(case, doubled, CONTEXT).verdict is verdict


def test_a_malformed_offer_that_is_left_without_an_answer(results: Mapping[str, Result]) -> None:
    result = results["handshake.malformed.subprotocol[latin-1]"]
    assert result.verdict is Verdict.PASS
    judgement = judged(result, answered(result, "again", status=503))
    assert judgement.verdict is Verdict.WARN


def test_a_right_request_that_is_refused(results: Mapping[str, Result]) -> None:
    result = results["handshake.request[connection-list]"]
    judgement = judged(result, answered(result, "wire", status=400))
    assert (judgement.verdict, judgement.layer) == (Verdict.FAIL, Layer.SERVER)


def test_what_is_wrong_with_a_request() -> None:
    for case in cases.load():
        ask = next((step for step in case.steps if step.op == "ask"), None)
        if ask is not None:
            left_out = {name.lower() for name in ask.args["without"]}
            usual = (("Host", "h"), ("Upgrade", "websocket"), ("Connection", "Upgrade"))
            usual += (("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"))
            headers = [pair for pair in usual if pair[0].lower() not in left_out] + ask.args["headers"]
            wrong = wrong_with({"headers": headers, "method": ask.args["method"], "http": ask.args["http"]})
            assert bool(wrong) == case.id.startswith(("handshake.malformed", "handshake.version")), case.full_id


async def _lifespan(state: Any) -> Namespace:
    namespace = Namespace()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(event: Any) -> None:
        pass

    await namespace.lifespan(app, {"type": "lifespan", "state": state}, receive, send)
    return namespace


def test_the_target_never_sees_the_mark_of_the_suite() -> None:
    import asyncio

    state = {"mine": 1}
    namespace = asyncio.run(_lifespan(state))
    copy = {"type": "websocket", "state": dict(state)}
    assert MARK in state
    assert namespace.taken_from(copy) is True
    assert copy["state"] == {"mine": 1}
    shared = {"type": "websocket", "state": state}
    assert (namespace.taken_from(shared), namespace.taken_from(shared)) == (True, False)
    assert asyncio.run(_lifespan(None)).taken_from(copy) is None
