"""Servers other than uvicorn: how they are started and ended, a matrix in one run, and exactly their deviations."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from test_judge import rows

from asgi_conformance import cases, deviations
from asgi_conformance.child.servers.interface import cannot_run
from asgi_conformance.foresight import perilous
from asgi_conformance.harness.deadlines import Deadlines
from asgi_conformance.harness.process import Launch, StartError, TargetProcess
from asgi_conformance.model import Layer, Result, ServerInfo, Verdict
from asgi_conformance.report.files import load
from asgi_conformance.run import Plan, Run
from asgi_conformance.selection import of_profile
from asgi_conformance.settings import Settings

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
SERVERS = {
    "uvicorn": {"ws": "websockets-sansio"},
    "hypercorn": {"ws": "wsproto", "http": "h11", "loop": "asyncio"},
    "daphne": {"ws": "autobahn", "http": "twisted", "loop": "asyncio"},
    "granian": {"ws": "tungstenite", "http": "hyper", "loop": "asyncio"},
}
GRANIAN_AND_ANOTHER = (("granian", "2.8.7"), ("hypercorn", "0.18.0"))
OTHERS = tuple(name for name in SERVERS if name != "uvicorn")
APP = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
"""
FAILING = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})
"""


def with_process(folder: Path, use: Callable[[TargetProcess], Awaitable[None]], **launch: Any) -> None:
    """Run something with a child of an application in a folder."""
    (folder / "served.py").write_text(launch.pop("source", APP))

    async def main() -> None:
        process = TargetProcess(Launch("served:app", str(folder), **launch), Deadlines(5.0))
        process.attach(asyncio.get_running_loop())
        try:
            await use(process)
        finally:
            process.kill()

    asyncio.run(main())


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_says_what_it_is_and_leaves_nothing(server: str, tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        await process.ready()
        facts = process.facts["server"]
        assert facts["name"] == server
        assert facts["version"][0].isdigit()
        assert {key: facts[key] for key in SERVERS[server]} == SERVERS[server]
        await process.stop()
        assert process.death() in ("exit status 0", "signal SIGTERM")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", process.endpoint.port)

    before = len(os.listdir("/dev/fd"))
    with_process(tmp_path, use, server=server)
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize(("loop", "http"), [("asyncio", "h11"), ("uvloop", "httptools")])
def test_uvicorn_runs_on_what_the_settings_say(loop: str, http: str, tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        await process.ready()
        assert (process.facts["server"]["loop"], process.facts["server"]["http"]) == (loop, http)

    with_process(tmp_path, use, options={"loop": loop, "http": http})


STATEFUL = """
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute

async def room(ws):
    ws.state.rooms
    await ws.accept()
    await ws.close()

async def guarded(ws):
    await ws.send_denial_response(PlainTextResponse("no", 401))

@asynccontextmanager
async def lifespan(app):
    yield {"rooms": {}}

app = Starlette(routes=[WebSocketRoute("/room", room), WebSocketRoute("/guarded", guarded)], lifespan=lifespan)
"""


def test_a_handler_is_not_blamed_for_what_the_server_does_not_do(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(stateful=STATEFUL)
    chosen = ("--case=route.close-1000[/room]", "--case=route.close-1000[/guarded]")
    result = pytester.runpytest_subprocess(
        "--target=stateful:app", "--server=daphne", "--report=r.json", *chosen, timeout=60
    )
    result.assert_outcomes(skipped=2)
    reasons = [case["reason"] for case in load(pytester.path / "r.json")["cases"]]
    assert "calls no lifespan" in reasons[0]
    assert "does not offer denial responses" in reasons[1]


def test_what_may_end_the_process_is_foreseen() -> None:
    granian, other = (ServerInfo(name, name, version, "tungstenite") for name, version in GRANIAN_AND_ANOTHER)
    (early,), (refused,) = rows("states.transitions[transitions-05]"), rows("handshake.refused[1000]")
    assert perilous(early, granian)
    assert not perilous(early, other)
    assert not perilous(refused, granian)


@pytest.mark.parametrize("server", SERVERS)
def test_no_server_outlives_the_suite(server: str, tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        await process.ready()
        os.close(process._life)
        process._life = -1
        assert await asyncio.to_thread(process._process.wait, 5) is not None

    with_process(tmp_path, use, server=server)


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "granian"])
def test_a_start_up_that_fails_is_told(server: str, tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        with pytest.raises(StartError, match="start-up raised no database") as told:
            await process.ready()
        assert told.value.phase == "lifespan"

    with_process(tmp_path, use, server=server, source=FAILING)


@pytest.mark.parametrize("server", OTHERS)
def test_a_server_that_is_not_there_is_one_line(server: str, tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack" / f"{server}.py").write_text("raise ImportError")

    async def use(process: TargetProcess) -> None:
        with pytest.raises(StartError, match=rf"{server} is not installed for .*; install it there: pip install"):
            await process.ready()

    with_process(tmp_path, use, server=server, env={"PYTHONPATH": str(tmp_path / "stack")})


def test_a_granian_that_is_too_old_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "stack" / "granian").mkdir(parents=True)
    (tmp_path / "stack" / "granian" / "__init__.py").touch()

    async def use(process: TargetProcess) -> None:
        with pytest.raises(StartError, match=r"granian .* cannot be tested; 1\.0 or newer can"):
            await process.ready()

    with_process(tmp_path, use, server="granian", env={"PYTHONPATH": str(tmp_path / "stack")})


# What only a framework makes these servers do, beside what the bare probe shows.
BESIDE: dict[str, tuple[str, ...]] = {"granian": ("states.transitions[transitions-05]",)}


def results_of(server: str, target: str, deadline: float, *chosen: str) -> list[Result]:
    run = Run(Plan(target, str(ROOT), server=server, settings=Settings(deadline=deadline)))
    try:
        run.ready()
        return run.results(rows(*chosen) if chosen else of_profile(cases.load(), "server"))
    finally:
        run.stop()


@pytest.fixture(scope="module", params=OTHERS)
def judged(request: pytest.FixtureRequest) -> tuple[str, list[Result]]:
    """All that decides something about the server, under one of them."""
    results = results_of(request.param, "targets.bare_asgi:app", 1.5)
    if request.param in BESIDE:
        results += results_of(request.param, "targets.broken.base:app", 1.5, *BESIDE[request.param])
    return request.param, results


def test_a_server_is_green_by_its_known_deviations(judged: tuple[str, list[Result]]) -> None:
    bad = [
        (result.case.full_id, result.verdict, result.reason, [f.observed for f in result.findings])
        for result in judged[1]
        if result.unstable or result.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)
    ]
    assert not bad


def test_each_shipped_deviation_of_a_server_still_occurs(judged: tuple[str, list[Result]]) -> None:
    server, results = judged
    seen = {finding.deviation for result in results for finding in result.findings if finding.deviation}
    shipped = [d for d in deviations.load() if d.product == server]
    own = {id for id in seen if id.startswith(f"{server}.")}
    assert own <= {d.id for d in shipped}
    installed = version(server)
    # A release that nobody has tried yet may have mended something: that is news, and no fault of this suite.
    if deviations.version_key(installed) <= deviations.version_key(deviations.newest_known()[server]):
        assert {d.id for d in shipped if d.occurs == "always" and d.stands_in(installed)} <= own


def test_the_server_is_blamed_for_what_it_does(judged: tuple[str, list[Result]]) -> None:
    known = [f for result in judged[1] for f in result.findings if f.deviation.startswith(f"{judged[0]}.")]
    assert known
    assert all(finding.layer is Layer.SERVER for finding in known)


# A matrix


def test_several_servers_run_as_one_and_make_one_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(served=APP)
    chosen = ("--case=close.client.code[4001-bye]", "--case=close.client.empty")
    servers = ("--server=uvicorn:wsproto", "--server=daphne")
    arguments = ("--target=served:app", *servers, "-v", "--report=r.json", "--report=r.html")
    result = pytester.runpytest_subprocess(*arguments, *chosen, timeout=60)
    result.assert_outcomes(passed=3, xfailed=1)
    report = load(pytester.path / "r.json")
    assert [server["id"] for server in report["servers"]] == ["uvicorn-wsproto", "daphne"]
    assert [case["node_id"] for case in report["cases"]] == [
        "conformance::close.client.code[4001-bye@uvicorn-wsproto]",
        "conformance::close.client.empty[@uvicorn-wsproto]",
        "conformance::close.client.code[4001-bye@daphne]",
        "conformance::close.client.empty[@daphne]",
    ]
    assert "--server=daphne " in report["cases"][-1]["reproduce"]
    assert "uvicorn" not in report["cases"][-1]["reproduce"]
    html = (pytester.path / "r.html").read_text("utf-8")
    assert "uvicorn-wsproto" in html
    assert "daphne" in html


def test_a_node_id_with_a_server_runs_there_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(served=APP)
    servers = ("--server=uvicorn:wsproto", "--server=granian")
    id = "conformance::close.client.code[4001-bye@granian]"
    result = pytester.runpytest_subprocess("--target=served:app", *servers, "-v", id, timeout=60)
    result.stdout.fnmatch_lines(["conformance::close.client.code[[]4001-bye@granian[]] PASSED*"])
    result.assert_outcomes(passed=1)


def test_a_package_that_a_server_lacks_is_named_with_how_to_get_it() -> None:
    said = cannot_run("uvicorn", ModuleNotFoundError("No module named 'wsproto'", name="wsproto")).message
    assert said == f"wsproto, which uvicorn needs for this, is not installed for {sys.executable}; " + (
        "install it there: pip install wsproto"
    )
