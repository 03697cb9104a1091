"""Settings, ids and deployed endpoints, part by part: what a whole run hardly ever comes to."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_trace import Entry, close, frame, request, response, trace
from test_exhaustive import light

from asgi_conformance import cases, options, requirements
from asgi_conformance.cases.routes import _sends_first
from asgi_conformance.configurations import Configuration
from asgi_conformance.credentials import of_message
from asgi_conformance.deployed.address import address, parsed
from asgi_conformance.deployed.judge import judge
from asgi_conformance.deployed.run import DeployedRun, _why
from asgi_conformance.dialects import DIALECTS
from asgi_conformance.garbage import Sparing
from asgi_conformance.harness.sweep import Light
from asgi_conformance.judge import Context
from asgi_conformance.lanes import Client, Tape
from asgi_conformance.model import Case, ServerInfo, Verdict
from asgi_conformance.requirements.own import OwnRequirementError
from asgi_conformance.routes import _checked, _lines
from asgi_conformance.script import CaseFunction, ScriptError, case
from asgi_conformance.settings import Settings, SettingsError, load, parse
from asgi_conformance.states import Pair, WebSocketState
from asgi_conformance.states_model import Given, step
from asgi_conformance.sweep.outcomes import outcome_of

# --- what is written wrongly


def test_the_table_of_the_settings_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nasgi-conformance = 1\n")
    with pytest.raises(SettingsError, match="must be a table"):
        load(tmp_path)
    with pytest.raises(SettingsError, match='"scheme" must be "http" or "https", not "wss"'):
        parse({"scheme": "wss"})
    with pytest.raises(SettingsError, match=r'route\."/a"\]: must be a table'):
        _checked({"/a": 1})  # type: ignore[dict-item]


def test_a_report_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(SettingsError, match=r"report\.json: this is a folder, not a file"):
        options._report(tmp_path / "report.json")


def test_tls_needs_what_makes_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="--tls needs trustme"):
        options._beneath({"tls": True, "unix": False, "exhaustive": False}, ["uvicorn"])


def test_an_id_of_a_case_is_used_once_and_its_rows_are_words() -> None:
    def goes(client: Any, app: Any) -> None:
        """It goes."""

    with pytest.raises(ScriptError, match="a row id must be ASCII without spaces, not 'a b'"):
        next(CaseFunction("own.case", goes, (), (("a b",),), "probe", (), None).cases())
    cases.load()
    with pytest.raises(ScriptError, match=r"the case id close.client.code is used twice"):
        case("close.client.code", requires=())(goes)


def test_a_requirement_of_the_users_own_has_a_new_id() -> None:
    def write(id: str) -> None:
        requirements.requirement(id, "MUST", "framework", "It goes.", source="here")

    with requirements.anew():
        write("goes")
        with pytest.raises(OwnRequirementError, match=r"the requirement user.goes is written twice"):
            write("user.goes")
        with pytest.raises(OwnRequirementError, match="not an id of a requirement: 'No words'"):
            write("No words")
    with requirements.anew():
        pass


# --- what is said and what is hidden


def test_the_lines_that_let_the_suite_in_name_what_a_route_demands() -> None:
    asked = _lines("/chat", {"query": ["token"], "headers": ["x-a", "x-b"]})
    assert asked.splitlines()[1:] == ['query = { token = "…" }', 'headers = { x-a = "…", x-b = "…" }']
    assert _lines("/chat", {}).splitlines()[1:] == ['headers = { authorization = "Bearer …" }']


def test_the_credentials_of_a_message_may_stand_in_lists() -> None:
    message = json.dumps({"items": [{"password": "hunter22"}, 7], "page": 1})
    assert list(of_message(message)) == ["hunter22"]


def test_a_credential_of_a_message_may_be_a_number() -> None:
    assert list(of_message(json.dumps({"password": 12345678, "page": 123456, "token": True}))) == ["12345678"]


def test_a_first_message_may_be_binary() -> None:
    tape = Tape()
    _sends_first(Client(tape), [b"a", "b"])
    assert [step.args.get("payload") for step in tape.steps[:2]] == [b"a", "b"]


def test_why_a_server_cannot_be_configured() -> None:
    own = Configuration("own", "limits", {"uvicorn": {}}, since={"uvicorn": "0.30"})
    assert own.missing("testclient").startswith("TestClient is no server")
    assert own.missing("uvicorn", "0.29") == "uvicorn has a setting for limits since 0.30"
    assert own.missing("uvicorn", "0.30") == own.missing("uvicorn") == ""
    assert own.missing("daphne") == "daphne has no setting for limits"


def test_what_sanic_does_not_document_of_accept() -> None:
    beyond = DIALECTS["sanic"].beyond
    assert beyond("accept", {"subprotocol": "chat"}).startswith("Sanic accepts before it calls the handler")
    assert beyond("accept", {}) == ""


def test_a_disconnect_without_a_code_raises_what_no_document_says() -> None:
    open_ = Pair(WebSocketState(1), WebSocketState(1))
    outcome = step(open_, "receive_text", Given(({"type": "websocket.disconnect"},)))
    assert (outcome.raises, outcome.silent) == ("unspecified", True)


def test_a_search_that_the_user_has_turned_off_stays_off() -> None:
    threshold = gc.get_threshold()
    gc.disable()
    try:
        sparing = Sparing()
        sparing.begin()
        with sparing.made():
            assert not gc.isenabled()
        sparing.end()
        sparing.release()
        assert not gc.isenabled()
        assert gc.get_threshold() == threshold
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("exchange", "wire"),
    [(Light(4001), "no answer"), (Light(4001, 403), "HTTP 403"), (Light(4001, 101), "no Close frame")],
)
def test_an_exchange_of_the_sweep_that_came_to_no_close(exchange: Light, wire: str) -> None:
    assert outcome_of("client", exchange).wire == wire
    assert outcome_of("client", light(4001)).wire.startswith("Close ")


# --- deployed endpoints

CONTEXT = Context(ServerInfo("endpoint", "", "", ""))
PING = frame("ping", "hex", "sent")


def judged(requires: tuple[str, ...], *entries: Entry | Iterable[Entry], **tags: Any) -> tuple[Verdict, str]:
    answer = response(101, ("upgrade", "websocket"), ("connection", "Upgrade"))
    judgement = judge(
        Case("own.case", "It goes.", "own", requires, tags=tags),
        trace(("wire", "connect", {}), request(), answer, *entries),
        CONTEXT,
    )
    return judgement.verdict, judgement.reason


def waited(wait: str) -> Entry:
    return "client", "deadline", {"wait": wait, "seconds": 5.0, "own_lag_us": 0}


FAILS = ("rfc6455.fail.ends",)


def test_an_endpoint_is_not_judged_by_what_its_application_may_do() -> None:
    closing = "not judged: the endpoint closed first (Close 4000 ''), which its application may"
    broken = frame("0x3", "", "sent")
    assert judged(FAILS, broken, fails=True) == (
        Verdict.SKIP, "not judged: nothing of what this case decides was to be seen"
    )  # fmt: skip
    assert judged(FAILS, broken, close(4000), waited("end"), fails=True) == (Verdict.SKIP, closing)
    assert judged(("rfc6455.ping.pong",), PING) == (
        Verdict.SKIP, "not judged: nothing of what this case decides was to be seen"
    )  # fmt: skip
    assert judged(("rfc6455.ping.pong",), waited("message")) == (
        Verdict.SKIP, "not judged: the wait for message passed its deadline of 5 s"
    )  # fmt: skip
    failed: Entry = ("client", "failed", {"step": 1, "op": "opens", "why": "a second message came"})
    assert judged(("rfc6455.ping.pong",), failed) == (
        Verdict.SKIP, "not judged: a second message came (client step opens)"
    )  # fmt: skip


def test_why_an_endpoint_cannot_be_judged_at_all() -> None:
    assert _why(trace(("wire", "connect", {})), None) == "ended the connection without an answer"
    refused: Entry = ("client", "failed", {"why": "Connection\nrefused"})
    assert _why(trace(refused), None) == "cannot connect: Connection refused"
    assert _why(trace(), None) == "ended the connection without an answer"
    moved = {"status": 307, "headers": [("Location", "https://example.org/?token=1")]}
    assert _why(trace(), moved) == "answered the handshake with 307; it points to https://example.org/"


def test_an_endpoint_behind_tls_is_reached_with_a_context_of_its_own() -> None:
    reached = address(parsed("wss://example.org/chat?a=1"), Settings())
    assert reached.endpoint.tls is not None
    assert address(parsed("ws://example.org/chat"), Settings()).endpoint.tls is None


def test_a_run_against_an_endpoint_may_be_stopped_twice() -> None:
    run = SimpleNamespace(_loop=asyncio.new_event_loop())
    assert [DeployedRun.stop(run), DeployedRun.stop(run)] == ["", ""]  # type: ignore[arg-type]
    assert run._loop.is_closed()
