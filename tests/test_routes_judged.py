"""The application layer is judged on what its handler was given and did; the right layer, file and line are named."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance.cases.routes import Subject, route_cases
from asgi_conformance.judge import Context, Judgement, judge
from asgi_conformance.model import Case, Layer, Observation, Result, ServerInfo, Trace, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import Settings

ROOT = Path(__file__).parent.parent
# Those for which a way is there: of all ways, this one and no other finds the fault first.
OF_ALL = {
    "goodbye_when_going_away", "sends_again_on_error", "policy_raises", "answers_1011", "enum_of_codes",
    "waits_for_login", "table_of_codes", "queue_overflows", "unsaved_draft", "send_unguarded", "sender_dies_alone",
}  # fmt: skip
BROKEN = sorted(path.stem for path in (ROOT / "targets" / "broken").glob("routes_*.py"))
# Nothing of these is wrong; what some denies or does not accept is skipped.
RIGHT = ["starlette_app:app", "fastapi_app:app", "lazy:app", "closure:app", "wrapped_cors:app", "mounted:app"]
SERVER = ServerInfo("uvicorn", "uvicorn", "0.54.0", "websockets-sansio", spec_version="2.4")
CONTEXT = Context(SERVER, "starlette", "1.10.0")
# Ways that do not apply to a handler that sends nothing.
SILENT = ("while-app-sends", "stops-reading")
DISCONNECT = {"type": "websocket.disconnect", "code": 1000, "reason": ""}
ACCEPT: dict[str, Any] = {"type": "websocket.accept", "subprotocol": None, "headers": []}
OSERROR = {"type": "uvicorn.ClientDisconnected", "mro": ["ClientDisconnected", "OSError"], "message": ""}
LEFT = {"type": "starlette.websockets.WebSocketDisconnect", "mro": ["WebSocketDisconnect"], "message": "", "code": 1000}
VALUE = {"type": "builtins.ValueError", "mro": ["ValueError"], "message": "no", "frames": ["/x/app.py:7"]}
EXTENSION = "websocket.http.response"


def case(way: str = "close-1000", **more: Any) -> Case:
    subject = Subject("/a", handler="app.chat", file="app.py", line=3, configure='[x."/a"]\nheaders = {}', **more)
    return next(case for case in route_cases([subject]) if case.tags["way"] == way)


def got(event: dict[str, Any], task: int = 1) -> tuple[str, dict[str, Any]]:
    return "receive", {"event": event, "task": task}


def sent(event: dict[str, Any], task: int = 1, module: str = "app", kind: str = "send") -> tuple[str, dict[str, Any]]:
    return kind, {"event": event, "task": task, "by": {"module": module, "at": "/x/app.py:9"}}


def ended(exc: dict[str, Any] | None = None, *leaves: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if exc is None:
        return "exit", {"outcome": "returned"}
    return "exit", {"outcome": "raised", "exc": {**exc, "leaves": list(leaves or (exc,))}}


def trace(*route: tuple[str, dict[str, Any]], status: int = 101, extra: Sequence[Observation] = ()) -> Trace:
    outer = dict(next((data for kind, data in route if kind == "exit"), {}))
    observations = [
        Observation(1, "wire", "response", {"status": status, "headers": [], "body": None}),
        Observation(2, "outer", "enter", {"spec_version": "2.4", "extensions": [EXTENSION], "subprotocols": ["a"]}),
        Observation(3, "route", "enter", {"handler": "app.chat", "file": "/x/app.py", "line": 3}),
        *(Observation(4, "route", kind, data) for kind, data in route),
    ]
    if outer:
        observations += [Observation(5, "outer", "exit", outer), Observation(6, "route", "tasks", {"left": []})]
    return Trace((*observations, *extra))


def judged(*route: tuple[str, dict[str, Any]], of: Case | None = None, **more: Any) -> Judgement:
    return judge(of or case(), trace(*route, **more), CONTEXT)


def breaches(judgement: Judgement) -> dict[str, Verdict]:
    return {f.requirement: f.verdict for f in judgement.findings if f.verdict in (Verdict.WARN, Verdict.FAIL)}


def deadline(lag: int = 0, own: int = 0, **app: Any) -> Observation:
    data = {"wait": "exit", "seconds": 5.0, "app": app or None, "own_lag_us": own}
    data |= {"child_loop_lag_us": lag, "child_loop_stack": ["/x/app.py:8 f"]}
    return Observation(9, "client", "deadline", data)


def test_a_right_handler_passes() -> None:
    judgement = judged(sent(ACCEPT), got(DISCONNECT), ended())
    assert judgement.verdict is Verdict.PASS
    assert {f.component for f in judgement.findings} == {"app.chat (app.py:3)"}


@pytest.mark.parametrize(
    ("event", "requirement"),
    [
        ({"type": "websocket.close", "code": 500}, "asgi.close.legal-code"),
        ({"type": "websocket.close", "code": 70000}, "asgi.close.legal-code"),
        ({"type": "websocket.close", "code": "1000"}, "asgi.close.legal-code"),
        ({"type": "websocket.close", "code": 1000, "reason": "é" * 62}, "asgi.close.legal-reason"),
        ({"type": "websocket.close", "code": 1000, "reason": 5}, "asgi.close.legal-reason"),
        ({"type": "websocket.close", "reason": {"$": "text", "len": 600, "sha256": ""}}, "asgi.close.legal-reason"),
        ({"type": "websocket.send"}, "asgi.application.valid-message"),
        ({"type": "websocket.send", "text": "a", "bytes": {"$": "bytes", "hex": ""}}, "asgi.application.valid-message"),
        ({"type": "websocket.send", "text": 5}, "asgi.application.valid-message"),
        ({"type": "websocket.accept"}, "asgi.application.valid-message"),
        ({"type": "http.response.start", "status": 200}, "asgi.application.valid-message"),
    ],
)
def test_an_illegal_event_fails(event: dict[str, Any], requirement: str) -> None:
    judgement = judged(sent(ACCEPT), sent(event), ended(VALUE))
    assert breaches(judgement) == {requirement: Verdict.FAIL}
    assert judgement.layer is Layer.APPLICATION
    assert next(f for f in judgement.findings if f.verdict is Verdict.FAIL).observed.endswith("sent at app.py:9")


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1011, 1014, 3000, 4999])
def test_a_legal_close_passes(code: int) -> None:
    event = {"type": "websocket.close", "code": code, "reason": "r" * 123}
    assert judged(sent(ACCEPT), sent(event), ended()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("change", "requirement"),
    [
        ({"subprotocol": "b"}, "rfc6455.handshake.application-subprotocol"),
        ({"headers": [[{"$": "bytes", "hex": b"X-A".hex()}, {"$": "bytes", "hex": ""}]]}, "asgi.accept.header-names"),
        (
            {"headers": [[{"$": "bytes", "hex": b"sec-websocket-protocol".hex()}, {"$": "bytes", "hex": ""}]]},
            "asgi.accept.no-subprotocol-header",
        ),
        ({"headers": [["x", "y"]]}, "asgi.application.valid-message"),
        ({"subprotocol": 1}, "asgi.application.valid-message"),
    ],
)
def test_an_accept_is_judged(change: dict[str, Any], requirement: str) -> None:
    assert breaches(judged(sent({**ACCEPT, **change}), got(DISCONNECT), ended())) == {requirement: Verdict.FAIL}


TEXT = {"type": "websocket.send", "text": "x"}
CLOSE = {"type": "websocket.close", "code": 1000, "reason": ""}
AFTER = "asgi.application.no-send-after-end"


@pytest.mark.parametrize(
    "end",
    [got(DISCONNECT), ("send.raised", {"exc": OSERROR, "task": 1}), sent(CLOSE)],
    ids=["told", "raised", "closed"],
)
@pytest.mark.parametrize("kind", ["send", "send.refused"])
def test_a_send_after_the_end_fails(end: Any, kind: str) -> None:
    assert breaches(judged(sent(ACCEPT), end, sent(TEXT, kind=kind), ended(VALUE))) == {AFTER: Verdict.FAIL}


def test_a_send_from_another_task_is_a_note() -> None:
    judgement = judged(sent(ACCEPT), got(DISCONNECT), sent(TEXT, task=2), ended())
    assert judgement.verdict is Verdict.NOTE


def test_what_the_framework_sends_is_not_the_handlers() -> None:
    """FastAPI closes with a list as the reason where a parameter is missing."""
    event = {"type": "websocket.close", "code": 1008, "reason": ["missing"]}
    judgement = judged(sent(event, module="fastapi.exception_handlers"), ended(), status=403)
    assert judgement.verdict is Verdict.SKIP
    assert "HTTP 403" in judgement.reason
    assert '[x."/a"]\nheaders = {}' in judgement.reason


def test_a_denial_that_is_expected_passes() -> None:
    assert judged(sent(CLOSE), ended(), status=403, of=case(denial=403)).verdict is Verdict.PASS
    assert judged(sent(ACCEPT), got(DISCONNECT), ended(), of=case(denial=403)).verdict is Verdict.ERROR


def test_an_exception_of_its_own_is_a_warning_of_what_was_sent() -> None:
    judgement = judged(sent(ACCEPT), got({"type": "websocket.receive", "text": "x"}), ended(VALUE), of=case("text"))
    assert breaches(judgement) == {"suite.handler.input-tolerated": Verdict.WARN}
    assert "ValueError: no left the handler at app.py:7" in {f.observed for f in judgement.findings}


def test_a_disconnect_that_escapes_is_a_warning() -> None:
    judgement = judged(sent(ACCEPT), got(DISCONNECT), ended(LEFT))
    assert breaches(judgement) == {"suite.handler.disconnect-caught": Verdict.WARN}


def test_the_servers_own_error_may_escape_bare_but_not_in_a_group() -> None:
    lost = ("send.raised", {"exc": OSERROR, "task": 1})
    assert judged(sent(ACCEPT), sent(TEXT), lost, ended(OSERROR)).verdict is Verdict.PASS
    group = {"type": "builtins.ExceptionGroup", "mro": ["ExceptionGroup"], "message": "1"}
    judgement = judged(sent(ACCEPT), sent(TEXT), lost, ended(group, OSERROR))
    assert breaches(judgement) == {"suite.handler.disconnect-caught": Verdict.WARN}


def test_an_oserror_of_the_handlers_own_is_no_error_of_the_server() -> None:
    own = {"type": "builtins.FileNotFoundError", "mro": ["FileNotFoundError", "OSError"], "message": "x"}
    judgement = judged(sent(ACCEPT), ended(own), of=case("text"))
    assert breaches(judgement) == {"suite.handler.input-tolerated": Verdict.WARN}


def test_no_answer_fails() -> None:
    assert breaches(judged(ended(), status=500)) == {"asgi.connect.answered": Verdict.FAIL}


def test_a_handler_that_does_not_end_is_a_warning() -> None:
    late = deadline(waiting={}, stack=["/lib/python3.11/asyncio/locks.py:9 wait", "/x/app.py:8 chat"])
    judgement = judged(sent(ACCEPT), got(DISCONNECT), extra=[late])
    assert breaches(judgement) == {"suite.handler.ends": Verdict.WARN}


def test_a_handler_that_was_not_told_is_not_blamed() -> None:
    judgement = judged(sent(ACCEPT), extra=[deadline(waiting={"route.receive": "receive"})])
    assert judgement.verdict is Verdict.SKIP


def test_a_machine_that_was_late_proves_nothing() -> None:
    late = deadline(own=3_000_000, waiting={}, stack=["/x/app.py:8 chat"])
    assert judged(sent(ACCEPT), got(DISCONNECT), extra=[late]).verdict is Verdict.ERROR
    assert judged(sent(ACCEPT), extra=[deadline(lag=5_000_000, own=3_000_000)]).verdict is Verdict.ERROR


def test_a_blocked_loop_fails() -> None:
    judgement = judged(sent(ACCEPT), extra=[deadline(lag=4_800_000)])
    assert breaches(judgement) == {"asgi.application.async": Verdict.FAIL}
    assert judgement.findings[0].observed.endswith("at app.py:8")


def test_a_task_that_is_left_is_a_warning() -> None:
    left = Observation(7, "route", "tasks", {"left": [{"name": "T", "coroutine": "beat", "created": "/x/app.py:8"}]})
    judgement = judged(sent(ACCEPT), got(DISCONNECT), ended(), extra=[left])
    assert breaches(judgement) == {"suite.handler.tasks-ended": Verdict.WARN}


@pytest.mark.parametrize(("code", "verdict"), [(1011, Verdict.FAIL), (1000, Verdict.PASS), (4001, Verdict.PASS)])
def test_another_connection_that_is_ended(code: int, verdict: Verdict) -> None:
    extra = [
        Observation(7, "bystander", "before", {"alive": True}),
        Observation(8, "bystander", "after", {"alive": False, "close": [code, ""], "exc": None}),
    ]
    assert judged(sent(ACCEPT), got(DISCONNECT), ended(), of=case("beside"), extra=extra).verdict is verdict


def test_the_order_of_times_decides_nothing() -> None:
    seen = trace(sent(ACCEPT), got(DISCONNECT), sent(TEXT), ended(VALUE))
    shuffled = Trace(tuple(Observation(0, o.boundary, o.kind, o.data) for o in seen.observations))
    assert judge(case(), seen, CONTEXT) == judge(case(), shuffled, CONTEXT)


# Against real targets


@pytest.fixture
def results() -> Iterator[Any]:
    runs: list[Run] = []

    def of(target: str, pattern: str = "*", **settings: Any) -> list[Result]:
        run = Run(Plan(target, str(ROOT), settings=Settings(**settings)))
        runs.append(run)
        run.ready()
        return run.results([case for case in run.route_cases() if fnmatchcase(case.full_id, pattern)])

    yield of
    for run in runs:
        run.stop()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_handler_is_found(name: str, results: Any) -> None:
    module = importlib.import_module(f"targets.broken.{name}")
    every = name.removeprefix("routes_") in OF_ALL
    found = results(f"targets.broken.{name}:app", "*" if every else module.CASE, deadline=2.0)
    bad = [result for result in found if result.verdict in (Verdict.WARN, Verdict.FAIL)]
    assert len(bad) == 1, [(r.case.full_id, r.verdict, r.reason) for r in found]
    assert (bad[0].layer, bad[0].unstable) == (Layer(module.LAYER), False)
    assert fnmatchcase(bad[0].case.full_id, module.CASE)
    silent = [r.case.full_id for r in found if r.verdict is Verdict.SKIP and r.case.tags["way"] in SILENT]
    assert silent == [r.case.full_id for r in found if r.verdict in (Verdict.ERROR, Verdict.SKIP)]
    source = (ROOT / "targets" / "broken" / f"{name}.py").read_text("utf-8").splitlines()
    for finding in bad[0].findings:
        if finding.layer is Layer.APPLICATION and finding.verdict in (Verdict.WARN, Verdict.FAIL):
            file, _, line = finding.component.partition("(")[2].rstrip(")").rpartition(":")
            assert "log" in finding.fix
            assert file == f"targets/broken/{name}.py"
            assert source[int(line) - 1].startswith(("async def live", "class Live"))
            assert finding.fix


def told(results: list[Result]) -> dict[str, Any]:
    """All that is said of the cases, but for measured times."""
    return {
        r.case.full_id: (
            r.verdict,
            r.layer,
            [(f.requirement, re.sub(r"[\d.]+ s\b", "… s", f.observed)) for f in r.findings],
        )
        for r in results
    }


# Every fault in a route of its own, beside routes that have none.
MANY = """
import asyncio, os, time
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from targets.broken import base, routes_fails_on_binary, routes_policy_raises, routes_send_after_close
from targets.broken import routes_unsaved_draft, routes_waits_for_login

async def blocks(ws):
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass
    if message["code"] == 1012:
        time.sleep(1.5)

async def dies(ws):
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        if message.get("text") == "":
            os._exit(9)

async def denies(ws):
    await ws.close()

bad = [routes_fails_on_binary, routes_policy_raises, routes_send_after_close, routes_unsaved_draft]
bad += [routes_waits_for_login]
handlers = [base.echo, blocks, dies, denies, base.echo, *(module.live for module in bad)]
app = Starlette(routes=[WebSocketRoute("/%d" % n, handler) for n, handler in enumerate(handlers)])
"""


def test_side_by_side_the_verdicts_are_the_same(results: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "many.py").write_text(MANY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    alone = told(results("many:app", deadline=2.0))
    assert {verdict for verdict, _, _ in alone.values()} >= {Verdict.FAIL, Verdict.WARN, Verdict.SKIP, Verdict.PASS}
    assert told(results("many:app", deadline=2.0, routes_concurrency=4)) == alone


@pytest.mark.parametrize("target", RIGHT)
def test_nothing_is_found_where_nothing_is_wrong(target: str, results: Any) -> None:
    found = results(f"targets.{target}")
    assert found
    wrong = [(r.case.full_id, r.findings) for r in found if r.verdict in (Verdict.WARN, Verdict.FAIL, Verdict.ERROR)]
    assert not wrong
    skipped = [result.case.tags for result in found if result.verdict is Verdict.SKIP]
    assert {tags["route"] for tags in skipped if tags["way"] not in SILENT} <= {"/feed"}


@pytest.mark.parametrize(
    ("target", "table"),
    [
        ("starlette_app:app", {"headers": {"authorization": "Bearer demo"}}),
        ("fastapi_app:app", {"query": "token=demo"}),
    ],
)
def test_a_route_that_denies_is_visited_once_it_is_configured(target: str, table: Any, results: Any) -> None:
    found = results(f"targets.{target}", "*/feed]", route={"/feed": table})
    assert {result.verdict for result in found} == {Verdict.PASS}


def test_a_route_that_nothing_shows_is_visited_where_the_settings_say(results: Any) -> None:
    found = results("targets.bare_asgi:app", routes=("/ws",))
    assert {result.verdict for result in found} == {Verdict.PASS}
    assert found[0].findings[0].component.startswith("targets.bare_asgi.app (")
