"""Whole runs of pytest against targets that misbehave: in time, with the right verdict, a report, and nothing left."""

# ruff: noqa: E501, RUF005  (targets stand in the text as they are)

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from test_plugin_ends import processes, wait_for

from asgi_conformance.report.files import load

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ORDINARY = """
import asyncio, json, os, signal, socket, sys, threading, time
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect

def at_4001():
    pass

async def live(ws):
    await ws.accept()
    while (message := await ws.receive())["type"] == "websocket.receive":
        pass

@asynccontextmanager
async def lifespan(app):
    yield

class OnCode:
    '''Does something when the client leaves the probe with 4001.'''
    def __init__(self, app):
        self.app = app
    async def __call__(self, scope, receive, send):
        async def watched():
            event = await receive()
            if event["type"] == "websocket.disconnect" and event["code"] == 4001 and scope["path"] != "/live":
                at_4001()
            return event
        await self.app(scope, watched, send)
"""
APP = """
app = Starlette(routes=[WebSocketRoute("/live", live)], middleware=[Middleware(OnCode)], lifespan=lifespan)
"""
CASES = (
    "close.client.code[1000-bye]",
    "close.client.code[4001-bye]",
    "route.close-1000[/live]",
    "route.fin[/live]",
)
CULPRIT, ROUTE = "close.client.code[4001-bye]", "route.close-1000[/live]"


def start(folder: Path, body: str, *options: str, after: str = "") -> tuple[subprocess.Popen[str], str]:
    """pytest on a target in a folder of its own, with a place for temporary files that has to be empty in the end."""
    marker = uuid.uuid4().hex
    (folder / "tmp").mkdir()
    parts = [ORDINARY, textwrap.dedent(body), APP, textwrap.dedent(after)]
    (folder / "misbehaving.py").write_text("\n".join(parts))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--target=misbehaving:app", "--report=r.json", "-p", "no:cacheprovider"]
        + [*options, *(f"--case={case}" for case in CASES)],
        cwd=folder,
        env={**os.environ, "CONFORMANCE_TEST_MARK": marker, "TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return process, marker


def left_in(folder: Path) -> set[str]:
    """What a run has left beside the target and its report."""
    known = {"misbehaving.py", "conftest.py", "tmp", "__pycache__", "r.json"}
    return {path.name for path in folder.iterdir()} - known | {
        f"tmp/{path.name}" for path in (folder / "tmp").iterdir()
    }


def finished(folder: Path, body: str, *options: str, after: str = "", within: float = 30.0) -> tuple[int, str, Any]:
    """Exit status, output and report of a run that has left nothing behind."""
    began = time.monotonic()
    process, marker = start(folder, body, *options, after=after)
    out, _ = process.communicate(timeout=60)
    assert time.monotonic() - began < within
    assert processes(marker) == []
    assert left_in(folder) == set()
    return process.returncode, out, load(folder / "r.json")


def verdicts(report: Any) -> dict[str, str]:
    return {case["id"]: case["verdict"] for case in report["cases"]}


def worst(report: Any, id: str) -> dict[str, Any]:
    """The one finding of a case that is no good."""
    case = next(case for case in report["cases"] if case["id"] == id)
    (finding,) = [f for f in case["findings"] if f["verdict"] in ("warn", "fail", "error")]
    return dict(finding)


HARMLESS = {
    "leaks-a-task-for-each-connection": ("", "tasks = []\ndef at_4001():\n    tasks.append(asyncio.ensure_future(asyncio.sleep(3600)))"),
    "floods-standard-output": ("", "for _ in range(25_000):\n    sys.stdout.write('x' * 4095 + '\\n')"),
    "forks-what-outlives-it": ("", "if os.fork() == 0:\n    time.sleep(3600)\n    os._exit(0)"),
    "has-signal-handlers": (
        "",
        "for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):\n"
        "    signal.signal(number, signal.SIG_IGN)",
    ),
    "changes-its-surroundings": (
        "os.chdir('/')\nos.environ.clear()\nasyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())",
        "",
    ),
    "prints-to-all-descriptors": (
        """
        def spoil():
            for fd in [*range(3, 21), *range(900, 1100)]:
                try:
                    os.write(fd, b'{"o": [["1", 0, "outer", "exit", {}]]}{"stopped"')
                except OSError:
                    pass
        """,
        "spoil()",
    ),
    "patches-json": (
        "def broken(*args, **kwargs):\n    raise RuntimeError('patched')\n\n"
        "json.dumps = json.loads = json.JSONEncoder = json.JSONDecoder = json.JSONEncoder.encode = broken",
        "",
    ),
    "never-finishes-its-shutdown": (
        """
        @asynccontextmanager
        async def lifespan(app):
            yield
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass
        """,
        "",
    ),
    "floods-the-socket": (
        """
        async def live(ws):
            await ws.accept()
            try:
                while True:
                    await ws.send_text("x" * 65536)
                    await asyncio.sleep(0)
            except WebSocketDisconnect:
                pass
        """,
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_no_rule_changes_no_verdict(name: str, tmp_path: Path) -> None:
    body, after = HARMLESS[name]
    status, out, report = finished(tmp_path, body, after=after)
    assert set(verdicts(report).values()) == {"pass"}, out
    assert len(report["cases"]) == len(CASES)
    assert (status, report["summary"]["verdict"]) == (0, "pass")


# What is wrong with the target, the case that shows it, and what its finding says: verdict, layer, component, observed.
AT_FAULT = {
    "exits-in-a-middleware": (
        "def at_4001():\n    sys.exit(4)",
        (CULPRIT, "fail", "middleware", "misbehaving.OnCode (misbehaving.py:", "SystemExit: 4, raised at misbehaving.py:"),
    ),
    "exits-in-a-handler": (
        "async def live(ws):\n    await ws.accept()\n    await ws.receive()\n    sys.exit(4)",
        (ROUTE, "warn", "application", "misbehaving.live (misbehaving.py:", "SystemExit: 4 left the handler at misbehaving.py:"),
    ),
    "aborts": (
        "def at_4001():\n    os.abort()",
        (CULPRIT, "fail", "server", "", "the process ended (signal SIGABRT)"),
    ),
    "aborts-in-a-handler": (
        "async def live(ws):\n    await ws.accept()\n    await ws.receive()\n    os.abort()",
        (ROUTE, "fail", "application", "misbehaving.live (misbehaving.py:", "the process ended (signal SIGABRT)"),
    ),
    "blocks-its-loop": (
        "def at_4001():\n    while True: pass",
        (CULPRIT, "fail", "middleware", "at_4001 (misbehaving.py:", "the loop stood still for more than 1 s in at_4001"),
    ),
    "will-not-be-cancelled": (
        """
        async def live(ws):
            await ws.accept()
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass
        """,
        (ROUTE, "warn", "application", "misbehaving.live (misbehaving.py:", "after the client had left, at misbehaving.py:"),
    ),
    "will-not-end-when-told": (
        """
        async def live(ws):
            await ws.accept()
            await ws.receive()
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass
        """,
        (ROUTE, "warn", "application", "misbehaving.live (misbehaving.py:", "after the client had left, at misbehaving.py:"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_FAULT)
def test_who_is_at_fault_is_named(name: str, tmp_path: Path) -> None:
    body, (id, verdict, layer, component, observed) = AT_FAULT[name]
    status, out, report = finished(tmp_path, body, "--conformance-deadline=2", within=40)
    found = verdicts(report)
    assert found[id] == verdict, out
    assert set(found) == set(CASES)
    others = {case: seen for case, seen in found.items() if case != id and not (id == ROUTE and "route" in case)}
    assert set(others.values()) == {"pass"}
    assert status == (1 if verdict == "fail" else 0)
    finding = worst(report, id)
    assert (finding["verdict"], finding["layer"]) == (verdict, layer)
    assert component in finding["component"]
    assert observed in finding["observed"]
    assert id in out


def test_an_exit_at_import_is_one_line_and_a_report(tmp_path: Path) -> None:
    status, out, report = finished(tmp_path, "print('last words')\nsys.exit(3)")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "exit code 3" in out.rstrip().splitlines()[-1]
    assert "Traceback" not in out
    assert report["error"]["phase"] == "import"
    assert report["cases"] == []


def test_a_flood_that_never_lets_the_loop_turn_ends_in_time(tmp_path: Path) -> None:
    """No send of it has to wait where the client has just gone: then it goes on for ever, and it is at fault."""
    body = """
    async def live(ws):
        await ws.accept()
        while True:
            try:
                await ws.send_text("x" * 65536)
            except WebSocketDisconnect:
                break
    """
    status, out, report = finished(tmp_path, body, "--conformance-deadline=2", within=50)
    found = verdicts(report)
    assert {found[case] for case in CASES if "route" not in case} == {"pass"}, out
    at_fault = [id for id in CASES if found[id] == "fail"]
    assert status == bool(at_fault)
    for id in at_fault:
        finding = worst(report, id)
        assert (finding["requirement"], finding["layer"]) == ("asgi.application.async", "application")


def test_a_closed_listening_socket_is_told(tmp_path: Path) -> None:
    body = """
    def at_4001():
        import gc
        for one in gc.get_objects():
            if isinstance(one, socket.socket) and one.fileno() >= 0 and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                one.close()
    """
    status, out, report = finished(tmp_path, body, "--conformance-deadline=2", within=40)
    assert len(report["cases"]) == len(CASES), out
    assert status in (0, 1)


def test_output_is_kept_to_its_end_however_much_comes_before(tmp_path: Path) -> None:
    body = "for _ in range(25_000):\n    sys.stdout.write('x' * 4095 + '\\n')\nprint('last words', file=sys.stderr)\nos._exit(7)"
    status, out, report = finished(tmp_path, body)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "last words" in out
    assert len(out) < 200_000
    assert "exit status 7" in report["error"]["message"]


# Ends from outside, at every moment of a run: the target, or a conftest.py, sends the signal when the moment has come.

KILL = "os.kill(os.getppid(), signal.{0})\ntime.sleep(3600)\n"
MOMENTS = {
    "start-up": ("os.kill(os.getppid(), signal.{0})\ntime.sleep(3600)", ""),
    "lifespan": (
        """
        @asynccontextmanager
        async def lifespan(app):
            os.kill(os.getppid(), signal.{0})
            await asyncio.sleep(3600)
            yield
        """,
        "",
    ),
    "preflight": (
        """
        class OnCode:
            def __init__(self, app):
                self.app = app
            async def __call__(self, scope, receive, send):
                if scope["type"] == "websocket":
                    os.kill(os.getppid(), signal.{0})
                    await asyncio.sleep(3600)
                await self.app(scope, receive, send)
        """,
        "",
    ),
    "probe-cases": ("def at_4001():\n    os.kill(os.getppid(), signal.{0})\n    time.sleep(3600)", ""),
    "route-cases": (
        "async def live(ws):\n    await ws.accept()\n    os.kill(os.getppid(), signal.{0})\n    await asyncio.sleep(3600)",
        "",
    ),
    "report": (
        "",
        """
        from asgi_conformance.report import document
        before = document.build
        def build(**given):
            document.build = before
            os.kill(os.getpid(), signal.{0})
            return before(**given)
        document.build = build
        """,
    ),
    "report-file": (
        "",
        """
        before = os.link
        def link(*args, **given):
            os.link = before
            os.kill(os.getpid(), signal.{0})
            return before(*args, **given)
        os.link = link
        """,
    ),
    "shutdown": (
        """
        @asynccontextmanager
        async def lifespan(app):
            yield
            os.kill(os.getppid(), signal.{0})
            await asyncio.sleep(3600)
        """,
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("number", ["SIGINT", "SIGKILL"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_left_whenever_pytest_is_ended(moment: str, number: str, tmp_path: Path) -> None:
    body, conftest = (textwrap.dedent(text).replace("{0}", number) for text in MOMENTS[moment])
    (tmp_path / "conftest.py").write_text("import os, signal\n" + conftest)
    process, marker = start(tmp_path, body)
    out, _ = process.communicate(timeout=40)
    wait_for(lambda: processes(marker) == [], 5)
    assert left_in(tmp_path) == set()
    if number == "SIGKILL":
        assert process.returncode == -9
        if (tmp_path / "r.json").exists():
            json.loads((tmp_path / "r.json").read_text())
        return
    assert process.returncode in (pytest.ExitCode.INTERRUPTED, 0), out
    assert "Task was destroyed" not in out
    assert load(tmp_path / "r.json")["summary"]["verdict"] in ("partial", "pass"), out
