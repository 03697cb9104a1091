"""Targets that misbehave: every run ends in time, says what happened, loses no output and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asgi_conformance import cases as catalogue
from asgi_conformance.harness.process import StartError
from asgi_conformance.model import Result, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import Settings

CASES = [c for c in catalogue.load() if c.full_id in [f"close.client.code[{n}-bye]" for n in (1000, 1001, 3000, 4001)]]
CULPRIT = "close.client.code[4001-bye]"

ORDINARY = """
import asyncio, ctypes, json, os, signal, sys, threading, time
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.middleware import Middleware

class OnCode:
    '''Does something when the client leaves with 4001.'''
    def __init__(self, app):
        self.app = app
    async def __call__(self, scope, receive, send):
        async def watched():
            event = await receive()
            if event["type"] == "websocket.disconnect" and event["code"] == 4001:
                misbehave()
            return event
        await self.app(scope, watched, send)

def misbehave():
    pass
"""


def write(folder: Path, *, before: str = "", body: str = "", after: str = "", app: str = "") -> None:
    """A target of ordinary Starlette, with what it does wrong before, in the middle and after."""
    parts = [before, ORDINARY, body, app or "app = Starlette(middleware=[Middleware(OnCode)])", after]
    (folder / "misbehaving.py").write_text("\n".join(textwrap.dedent(part) for part in parts))


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    """The runs of a test, all of them stopped in the end."""
    started: list[Run] = []
    yield started
    for run in started:
        run.stop()


def start(folder: Path, runs: list[Run], deadline: float = 1.0) -> Run:
    run = Run(Plan("misbehaving:app", str(folder), settings=Settings(deadline=deadline)))
    runs.append(run)
    return run


def judged(run: Run) -> dict[str, Result]:
    run.ready()
    assert run.refused == ""
    return {result.case.full_id: result for result in run.results(CASES)}


STARTS = {
    "sys-exit": ("sys.exit(3)", 1.0, "import", "exit code 3"),
    "os-exit": ("print('last words'); os._exit(7)", 1.0, "start", "exit status 7"),
    "abort": ("os.abort()", 1.0, "start", "SIGABRT"),
    "import-raises": ("1 / 0", 1.0, "import", "ZeroDivisionError"),
    "import-hangs": ("time.sleep(60)", 0.1, "start", "did not start within 0.6 s"),
    "import-holds-the-interpreter": ("ctypes.PyDLL(None).sleep(60)", 0.1, "start", "did not start within 0.6 s"),
    "closes-every-descriptor": ("os.closerange(3, 4096)", 1.0, "start", "before the server was ready"),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_target_that_does_not_load_is_one_clear_error(name: str, tmp_path: Path, runs: list[Run]) -> None:
    body, deadline, phase, message = STARTS[name]
    write(tmp_path, body=body)
    began = time.monotonic()
    with pytest.raises(StartError) as caught:
        start(tmp_path, runs, deadline).ready()
    assert time.monotonic() - began < 5
    assert caught.value.phase == phase
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    if name == "os-exit":
        assert "last words" in caught.value.shown
    if name == "import-raises":
        assert caught.value.shown.count("Traceback") == 1
        assert "misbehaving.py" in caught.value.shown
        assert "asgi_conformance" not in caught.value.shown


LIFESPANS = {
    "raises": ("raise LookupError('no database')", 1.0, "lifespan", "LookupError: no database"),
    "hangs": ("await asyncio.sleep(60)", 0.2, "start", "did not start within 1.2 s"),
    "blocks": ("time.sleep(60)", 0.2, "start", "misbehaving.py"),
    "exits": ("sys.exit(5)", 1.0, "lifespan", "start-up raised SystemExit: 5"),
}


@pytest.mark.parametrize("name", LIFESPANS)
def test_a_start_up_that_fails_is_one_clear_error(name: str, tmp_path: Path, runs: list[Run]) -> None:
    body, deadline, phase, message = LIFESPANS[name]
    lifespan = f"@asynccontextmanager\nasync def lifespan(app):\n    {body}\n    yield\n"
    write(tmp_path, body=lifespan, app="app = Starlette(lifespan=lifespan)")
    began = time.monotonic()
    with pytest.raises(StartError) as caught:
        start(tmp_path, runs, deadline).ready()
    assert time.monotonic() - began < 6
    assert caught.value.phase == phase
    assert message in caught.value.message


LOOSE = {
    "floods-stdout": """
        def flood():
            while True:
                print("x" * 4000)
                time.sleep(0)
        threading.Thread(target=flood, daemon=True).start()
        """,
    "own-signal-handlers": """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        """,
    "changes-its-surroundings": """
        os.chdir("/")
        os.environ.clear()
        sys.path.clear()
        sys.argv.clear()
        class Policy(asyncio.DefaultEventLoopPolicy):
            pass
        asyncio.set_event_loop_policy(Policy())
        sys.setswitchinterval(0.001)
        """,
    "prints-to-every-descriptor": """
        def spoil(numbers):
            for fd in numbers:
                try:
                    os.write(fd, b'[1] {"o": [[')
                except OSError:
                    pass
        def spoil_on():
            while True:
                spoil(range(900, 1100))
                time.sleep(0.01)
        spoil(range(3, 64))
        threading.Thread(target=spoil_on, daemon=True).start()
        """,
    "patches-the-standard-library": """
        import select
        def broken(*args, **kwargs):
            raise RuntimeError("patched")
        json.dumps = json.loads = json.dump = json.load = broken
        json.JSONEncoder = json.JSONDecoder = broken
        frozen = time.monotonic_ns()
        time.monotonic_ns = lambda: frozen
        os.write = os.read = os._exit = os.killpg = broken
        select.select = broken
        """,
    "closes-standard-output": "os.close(1); os.close(2)",
    "logs-nothing": "import logging; logging.disable(logging.CRITICAL)",
    "collects-no-garbage": "import gc; gc.disable(); sys.setrecursionlimit(200)",
    "forks-at-import": """
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        """,
}


@pytest.mark.parametrize("name", LOOSE)
def test_what_a_target_does_around_its_sockets_changes_no_verdict(name: str, tmp_path: Path, runs: list[Run]) -> None:
    write(tmp_path, after=LOOSE[name])
    run = start(tmp_path, runs)
    results = judged(run)
    assert {id: result.verdict for id, result in results.items()} == dict.fromkeys(results, Verdict.PASS)
    began = time.monotonic()
    run.stop()
    assert time.monotonic() - began < 4


def test_a_shutdown_that_never_ends_is_cut_short(tmp_path: Path, runs: list[Run]) -> None:
    lifespan = "@asynccontextmanager\nasync def lifespan(app):\n    yield\n    await asyncio.sleep(60)\n"
    write(tmp_path, body=lifespan, app="app = Starlette(lifespan=lifespan)")
    run = start(tmp_path, runs)
    assert {result.verdict for result in judged(run).values()} == {Verdict.PASS}
    began = time.monotonic()
    run.stop()
    assert time.monotonic() - began < 3


ENDS = {
    "abort": ("os.abort()", "SIGABRT"),
    "exit": ("os._exit(9)", "exit status 9"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    "with-a-fork-that-stays": ("os.fork() or time.sleep(60); os._exit(9)", "exit status 9"),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_case_that_ends_the_process_is_named_and_the_others_are_judged(
    name: str, tmp_path: Path, runs: list[Run]
) -> None:
    body, how = ENDS[name]
    write(tmp_path, body=f"def misbehave():\n    {body}\n")
    results = judged(start(tmp_path, runs))
    culprit = results.pop(CULPRIT)
    assert culprit.verdict is Verdict.FAIL
    assert how in culprit.reason
    assert {result.verdict for result in results.values()} == {Verdict.PASS}


def test_sys_exit_in_a_handler_is_an_exception_like_any(tmp_path: Path, runs: list[Run]) -> None:
    """Uvicorn catches it: the process goes on."""
    write(tmp_path, body="def misbehave():\n    sys.exit(4)\n")
    results = judged(start(tmp_path, runs))
    culprit = results.pop(CULPRIT)
    assert culprit.verdict in (Verdict.FAIL, Verdict.ERROR)
    assert "SystemExit" in culprit.reason + "".join(finding.observed for finding in culprit.findings)
    assert {result.verdict for result in results.values()} == {Verdict.PASS}


BLOCKS = {"loop": "while True: pass", "interpreter": "ctypes.PyDLL(None).sleep(60)"}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_blocked_loop_ends_in_time(name: str, tmp_path: Path, runs: list[Run]) -> None:
    write(tmp_path, body=f"def misbehave():\n    {BLOCKS[name]}\n")
    run = start(tmp_path, runs, 0.6)
    began = time.monotonic()
    results = judged(run)
    run.stop()
    assert time.monotonic() - began < 12
    assert results[CULPRIT].verdict not in (Verdict.PASS, Verdict.NOTE)


def test_a_closed_listening_socket_ends_in_time(tmp_path: Path, runs: list[Run]) -> None:
    body = """
    def misbehave():
        import gc, socket
        for one in gc.get_objects():
            if isinstance(one, socket.socket) and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                one.close()
    """
    write(tmp_path, body=body)
    began = time.monotonic()
    results = judged(start(tmp_path, runs))
    assert time.monotonic() - began < 10
    assert len(results) == len(CASES)


def test_a_fork_ends_with_the_run(tmp_path: Path, runs: list[Run]) -> None:
    body = """
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    open("fork", "w").write(str(pid))
    """
    write(tmp_path, before=f"import os\nos.chdir({str(tmp_path)!r})", body=body)
    run = start(tmp_path, runs)
    run.ready()
    pid = int((tmp_path / "fork").read_text())
    assert alive(pid)
    run.stop()
    assert gone(pid)


ORPHANS = {
    "ordinary": "",
    "forking": "os.fork() or time.sleep(60)",
    "blocked": "def busy():\n    while True: pass\n\nthreading.Timer(0.5, busy).start()",
    "holds-the-interpreter": "threading.Timer(0.7, lambda: ctypes.PyDLL(None).sleep(60)).start()",
}


@pytest.mark.parametrize("name", ORPHANS)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_outlives_a_suite_that_is_killed(name: str, tmp_path: Path) -> None:
    write(tmp_path, body=ORPHANS[name])
    script = f"""
import time
from asgi_conformance.run import Plan, Run
run = Run(Plan("misbehaving:app", {str(tmp_path)!r}))
run.ready()
print(run.facts["pid"], flush=True)
time.sleep(60)
"""
    suite = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert suite.stdout is not None
    group = int(suite.stdout.readline())
    members = [pid for pid in processes() if group_of(pid) == group]
    assert len(members) == (2 if name == "forking" else 1)
    time.sleep(0.5 if name in ("blocked", "holds-the-interpreter") else 0)
    suite.kill()
    suite.wait()
    suite.stdout.close()
    assert all(gone(pid) for pid in members)


def processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pid: int, within: float = 3.0) -> bool:
    until = time.monotonic() + within
    while alive(pid):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True
