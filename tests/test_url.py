"""`--url`: each case blames an endpoint that breaks its rule, and none blames what an application may choose."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from deployed_endpoint import serving

from asgi_conformance import cases as catalogue
from asgi_conformance import plugin, requirements
from asgi_conformance.deployed.address import parsed, reaching
from asgi_conformance.deployed.cases import load
from asgi_conformance.deployed.run import DeployedRun
from asgi_conformance.harness.process import StartError
from asgi_conformance.model import Case, Observation, Result, Trace, Verdict
from asgi_conformance.options import read
from asgi_conformance.plan import Plan
from asgi_conformance.settings import Settings, SettingsError

pytest_plugins = ["pytester"]

# Frozen: an id is given once and never renamed.
IDS = {
    *("url.opens", "url.subprotocol", "url.version", "url.ping", "url.ping-between-fragments", "url.message"),
    *("url.close", "url.invalid", "url.unmasked", "url.utf8", "url.again"),
}
# The fault, a case, the requirement that the case blames, and its verdict.
FAULTS = [
    ("wrong accept", "url.opens", "handshake.accept", Verdict.FAIL),
    ("extension", "url.opens", "handshake.extensions", Verdict.FAIL),
    ("masked", "url.opens", "frames.server-unmasked", Verdict.FAIL),
    ("subprotocol", "url.subprotocol[none]", "handshake.subprotocol", Verdict.FAIL),
    ("subprotocol", "url.subprotocol[unknown]", "handshake.subprotocol", Verdict.FAIL),
    ("any version", "url.version", "handshake.version", Verdict.FAIL),
    ("version not named", "url.version", "handshake.version-named", Verdict.FAIL),
    ("deaf", "url.ping[text]", "ping.pong", Verdict.FAIL),
    ("another pong", "url.ping[125b]", "ping.pong", Verdict.FAIL),
    ("deaf between", "url.ping-between-fragments", "fragments.control-between", Verdict.FAIL),
    ("drops messages", "url.message[text]", "close.handshake", Verdict.WARN),
    ("no Close", "url.close[4001-bye]", "close.echo", Verdict.FAIL),
    ("no answer", "url.close[4001-bye]", "close.echo-prompt", Verdict.WARN),
    ("stays open", "url.close[1000]", "close.tcp-closed", Verdict.FAIL),
    ("reserved code", "url.close[1000]", "codes.reserved-not-sent", Verdict.FAIL),
    ("code out of range", "url.close[1001]", "codes.range", Verdict.FAIL),
    ("another code", "url.close[3000-bye]", "close.echo-code", Verdict.NOTE),
    ("half a code", "url.close[4999-123b]", "close.body", Verdict.FAIL),
    ("no text", "url.close[1000]", "close.body", Verdict.FAIL),
    ("long Close", "url.opens", "control.length", Verdict.FAIL),
    ("fragment of a Close", "url.close[1000]", "control.unfragmented", Verdict.FAIL),
    ("masked", "url.ping[empty]", "frames.server-unmasked", Verdict.FAIL),
    ("masked", "url.message[text]", "frames.server-unmasked", Verdict.FAIL),
    ("data behind", "url.close[1000]", "close.no-data-after", Verdict.FAIL),
    ("takes anything", "url.invalid[rsv1]", "fail.ends", Verdict.FAIL),
    ("takes anything", "url.unmasked", "frames.client-masked", Verdict.FAIL),
    ("takes anything", "url.utf8[cut]", "utf8.fail", Verdict.FAIL),
    ("fails without a word", "url.utf8[overlong]", "fail.close-frame", Verdict.WARN),
    ("wrong accept later", "url.again[fin]", "handshake.accept", Verdict.FAIL),
]
# What is held against an endpoint whatever the row: every one of a function under some fault.
ROWS = [
    ("wrong accept", "url.opens"),
    ("subprotocol", "url.subprotocol"),
    ("any version", "url.version"),
    ("deaf", "url.ping"),
    ("deaf between", "url.ping-between-fragments"),
    ("drops messages", "url.message"),
    ("no Close", "url.close"),
    ("takes anything", "url.invalid"),
    ("takes anything", "url.unmasked"),
    ("takes anything", "url.utf8"),
    ("wrong accept later", "url.again"),
]
# A requirement of these cases that no endpoint can be seen to breach: it is shown where it holds.
NEVER_BREACHED = {"rfc6455.fragments.both-supported"}
# With these the client waits in vain.
WAITING = {"deaf", "another pong", "deaf between", "no answer", "stays open", "takes anything"}


def run(url: str, *chosen: str, deadline: float = 0.5) -> list[Result]:
    """The results of some cases against an endpoint, of all where none is named."""
    found = parsed(url)
    plan = Plan(found.shown, "", server="url", settings=reaching(found, Settings(deadline=deadline)))
    deployed = DeployedRun(plan, found)
    try:
        deployed.ready()
        return deployed.results([case for case in load() if not chosen or case.full_id in chosen])
    finally:
        deployed.stop()


def test_ids_are_frozen_and_of_their_own() -> None:
    assert {case.id for case in load()} == IDS
    assert not IDS & {case.id for case in catalogue.load()}
    assert all(case.kind == "url" and case.full_id.isascii() for case in load())
    assert not {id for case in load() for id in case.requires if id not in requirements.load()}
    assert {case.partition("[")[0] for _, case, _, _ in FAULTS} == IDS


def test_a_run_in_which_this_machine_was_late_makes_nothing_unstable(monkeypatch: pytest.MonkeyPatch) -> None:
    performed: list[Trace] = []
    perform = DeployedRun._perform

    async def late_at_first(self: DeployedRun, case: Case) -> Trace:
        trace = await perform(self, case)
        performed.append(trace)
        data = {"wait": "ended", "seconds": 5.0, "app": None, "child_loop_lag_us": 0, "own_lag_us": 2_000_000}
        late = Observation(9, "client", "deadline", data)
        # The first connection of all is the one that asks whether anybody is there.
        return Trace((*trace.observations, late)) if len(performed) == 2 else trace

    monkeypatch.setattr(DeployedRun, "_perform", late_at_first)
    with serving() as url:
        (result,) = run(url, "url.close[1000]", deadline=5.0)
    assert len(performed) == 3
    assert (result.verdict, result.unstable, len(result.attempts)) == (Verdict.PASS, False, 1)


def test_a_right_endpoint_is_green() -> None:
    with serving() as url:
        results = run(url, deadline=5.0)
    assert {result.case.full_id: result.reason for result in results if result.verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize(("fault", "case", "requirement", "verdict"), FAULTS)
def test_each_case_blames_a_broken_endpoint(fault: str, case: str, requirement: str, verdict: Verdict) -> None:
    with serving(fault) as url:
        (result,) = run(url, case, deadline=0.4 if fault in WAITING else 5.0)
    assert result.verdict is verdict, result
    assert f"rfc6455.{requirement}" in {f.requirement for f in result.findings if f.verdict is verdict}


@pytest.mark.parametrize(("fault", "function"), ROWS)
def test_every_row_of_a_case_blames_a_broken_endpoint(fault: str, function: str) -> None:
    rows = [case.full_id for case in load() if case.id == function]
    with serving(fault) as url:
        results = run(url, *rows, deadline=0.4 if fault in WAITING else 5.0)
    assert [result.case.full_id for result in results if result.verdict in (Verdict.FAIL, Verdict.WARN)] == rows


def test_every_requirement_of_these_cases_is_breached_by_some_endpoint() -> None:
    assert {function for _, function in ROWS} == IDS
    breached = {f"rfc6455.{requirement}" for _, _, requirement, _ in FAULTS}
    assert {id for case in load() for id in case.requires} - NEVER_BREACHED == breached


def test_an_endpoint_that_is_gone_is_an_error_and_no_skip() -> None:
    with serving() as url:
        found = parsed(url)
        deployed = DeployedRun(Plan(found.shown, "", server="url"), found)
        deployed.ready()
    try:
        results = deployed.results(load())
    finally:
        deployed.stop()
    assert {result.verdict for result in results} == {Verdict.ERROR}
    assert all(result.reason.startswith("cannot connect any more: ConnectionRefusedError") for result in results)


@pytest.mark.parametrize("choice", ["closes at once", "refuses later", "flood", "takes nothing"])
def test_what_an_application_may_choose_is_never_blamed(choice: str) -> None:
    with serving(choice) as url:
        results = run(url, "url.opens", "url.message[text]", "url.close[1000]", "url.utf8[cut]", deadline=0.3)
    assert not [result for result in results if result.verdict not in (Verdict.PASS, Verdict.NOTE, Verdict.SKIP)]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("silent", "no response within 0.3 s"),
        ("garbage", "what is no HTTP response"),
        ("endless head", "what is no HTTP response"),
        ("endless body", "what is no HTTP response"),
    ],
)
def test_no_endpoint_makes_it_hang(fault: str, said: str) -> None:
    with serving(fault) as url, pytest.raises(StartError, match=said):
        run(url, deadline=0.3 if fault == "silent" else 5.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "ws://h/", "target": "a:b"}, "leave --target out"),
        ({"url": "ws://h/", "server": ["uvicorn"]}, "leave --server out"),
        ({"url": "ws://h/", "app_dir": "."}, "leave --app-dir out"),
        ({"url": "ws://h/", "factory": True}, "leave --factory out"),
        ({"url": "ws://h/", "route": ["/x"]}, "leave --route out"),
        ({"url": "http://h/"}, "must be written ws://"),
        ({"url": ""}, "must be ASCII"),
        ({"url": "ws://h:port/"}, "not a URL"),
        ({"url": "ws://h/#x"}, "no fragment"),
        ({"url": "ws://h/ x"}, "must be ASCII without spaces"),
    ],
)
def test_wrong_usage_is_one_line(given: dict[str, object], said: str) -> None:
    defaults = {name.lstrip("-").replace("-", "_"): how.get("default") for name, how in plugin.OPTIONS.items()}
    with pytest.raises(SettingsError, match=said) as raised:
        read({**defaults, **given}, Path.cwd(), Settings())
    assert "\n" not in str(raised.value)


ECHO = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def echo(ws):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)

app = Starlette(routes=[WebSocketRoute("/echo", echo)])
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "echoing.py").write_text(ECHO)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        command = [sys.executable, "-m", "uvicorn", "echoing:app", "--fd", str(sock.fileno()), "--log-level", "error"]
        process = subprocess.Popen(command, cwd=tmp_path, pass_fds=[sock.fileno()])
        try:
            # The socket listens already: whoever connects early waits for an answer.
            yield sock.getsockname()[1]
        finally:
            process.terminate()
            process.wait()


def test_a_run_against_uvicorn_and_its_report(served: int, pytester: pytest.Pytester) -> None:
    url = f"ws://me:hunter22@127.0.0.1:{served}/echo?token=sesame&a=b1"
    result = pytester.runpytest_subprocess(f"--url={url}", "--report=r.json", "-v", timeout=60)
    assert result.ret == 0, result.stdout.str()
    told = (pytester.path / "r.json").read_text("utf-8")
    report = json.loads(told)
    assert report["target"]["name"] == f"ws://127.0.0.1:{served}/echo"
    assert [server["id"] for server in report["servers"]] == ["url"]
    assert len(report["cases"]) == len(load())
    assert all(case["reproduce"].startswith(f"pytest --url=ws://127.0.0.1:{served}/echo ") for case in report["cases"])
    assert not [word for word in ("hunter22", "sesame", "a=b1") if word in told + result.stdout.str()]


def test_what_an_endpoint_does_can_be_accepted(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml('[tool.asgi-conformance]\nbaseline = "of-the-target.toml"\n')
    some = ("--case=url.version", "--case=url.opens")
    with serving("version not named") as url:
        failed = pytester.runpytest_subprocess(f"--url={url}", *some, timeout=60)
        assert failed.ret == pytest.ExitCode.TESTS_FAILED
        given = (f"--url={url}", *some, "--baseline=deployed.toml")
        written = pytester.runpytest_subprocess(*given, "--update-baseline", timeout=60)
        assert written.ret == 0, written.stdout.str()
        (entry,) = tomllib.loads((pytester.path / "deployed.toml").read_text("utf-8"))["accept"]
        assert (entry["case"], entry["requirement"]) == ("url.version", "rfc6455.handshake.version-named")
        assert "server" not in entry
        accepted = pytester.runpytest_subprocess(*given, timeout=60)
        assert accepted.ret == 0
        accepted.assert_outcomes(passed=1, xfailed=1)
    with serving() as url:
        stale = pytester.runpytest_subprocess(f"--url={url}", *some, "--baseline=deployed.toml", timeout=60)
    assert stale.ret == pytest.ExitCode.TESTS_FAILED
    stale.stdout.fnmatch_lines(["*deployed.toml:*is stale: rfc6455.handshake.version-named is not breached so*"])


def test_an_entry_about_a_target_names_no_case_of_an_endpoint(pytester: pytest.Pytester) -> None:
    entry = 'case = "close.both"\nrequirement = "asgi.close.code"\nobserved = "*"\nreason = "Known."'
    pytester.path.joinpath("b.toml").write_text(f"[[accept]]\n{entry}\n", "utf-8")
    with serving() as url:
        result = pytester.runpytest_subprocess(f"--url={url}", "--baseline=b.toml", timeout=60)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: b.toml:1: close.both matches no case*"])


def test_an_endpoint_that_is_not_there_is_one_line(pytester: pytest.Pytester) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        result = pytester.runpytest_subprocess(f"--url=ws://127.0.0.1:{sock.getsockname()[1]}/", timeout=60)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: ws://127.0.0.1:*/: cannot connect: ConnectionRefusedError*"])
    result.stderr.no_fnmatch_line("*Traceback*")
