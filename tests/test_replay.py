"""Programs that show a case without the suite."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from sample_report import sample

from asgi_conformance import __version__, cases, cli, replay
from asgi_conformance.dialects import DIALECTS
from asgi_conformance.replay.lanes import CLIENT_OPS
from asgi_conformance.replay.program import HELD_BACK
from asgi_conformance.report.files import write

ROOT = Path(__file__).parent.parent
ONE_OF_EACH = list({case.id: case for case in reversed(cases.load()) if case.kind == "probe"}.values())
# What the suite itself says of uvicorn's sans-I/O implementation: these breach, the other rows pass or are noted.
DEVIATE = {
    "close.app.answered-otherwise[4100-4001]": "4100",
    "close.client.mid-message[4001-bye]": "1002",
    "handshake.subprotocol.not-offered[other]": "superchat",
    "lost.handler.returns": "None",
    "lost.open[rst]": "1005",
}
# What a program has no words for, and what is said of it.
UNTOLD = {
    "close.app.reason": "a program cannot tell asgi.close.reason-early",
    "close.client.reason": "a program cannot tell asgi.disconnect.reason-early",
    "endings.blocked.handler-ends": "its client holds back",
    "endings.client.closes-twice": "its client holds back",
    "endings.early.data": "its client holds back or hurries",
    "endings.client.data-after-close": "its client holds back",
    "handshake.denied.body-later": "its denial is sent event by event",
    "messages.client.json-default": "a program cannot tell starlette.receive.json",
}
TASKS = ("endings.blocked.app-closes", "endings.blocked.client-leaves", "endings.both.crossed")
TASKS += ("endings.waiting.app-closes", "endings.waiting.app-closes-unanswered", "endings.waiting.client-closes")
TASKS += ("endings.client.keeps-tcp-open", "endings.app.closed-behind")
UNTOLD |= dict.fromkeys(TASKS, "its handler is cancelled or has a second task")
HOLD = (
    "close.client.code[4001-bye]",
    "close.client.empty",
    "close.client.illegal[1005-none]",
    "close.app.code[4001-bye]",
    "close.app.answered[1000-none]",
    "close.app.event-without-code",
    "close.both[1000-none]",
    "frames.control[ping-126-bytes]",
    "frames.unmasked[text]",
    "frames.utf8[invalid]",
    "handshake.accept",
    "handshake.denied[401]",
    "handshake.denied.chunks[two]",
    "handshake.denied.extension-missing",
    "handshake.headers[latin-1]",
    "handshake.left[rst]",
    "handshake.left.partly",
    "handshake.unanswered",
    "illegal.operation[1-2.send[websocket.accept].any]",
    "iteration.falsy[json]",
    "iteration.lost[text-half_closes]",
    "lost.handler.raises",
    "lost.send.closed[1000]",
    "lost.send.gone[half]",
    "messages.app.bytes[length-65536]",
    "messages.app.json[nonascii-binary]",
    "messages.app.raw[text]",
    "messages.client.interleaved[text]",
    "messages.client.raw[text]",
    "states.pairs[pairs-0113]",
)


def by_id(id: str) -> Any:
    return next(case for case in cases.load() if case.full_id == id)


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: case.id)
def test_every_probe_case_is_replayable_or_says_why_not(case: Any) -> None:
    subject = replay.Subject("app:app") if "middleware" in case.needs else replay.Subject()
    if "outermost" in case.needs:
        with pytest.raises(replay.Unreplayable, match="it is about the request and its scope"):
            replay.program(case, __version__, subject=subject)
        return
    if case.section in DIALECTS:
        with pytest.raises(replay.Unreplayable, match=f"its handler is one of {case.section};"):
            replay.program(case, __version__, subject=subject)
        return
    if why := "it needs a server of its own" if case.server else UNTOLD.get(case.id):
        with pytest.raises(replay.Unreplayable, match=why):
            replay.program(case, __version__, subject=subject)
        return
    source = replay.program(case, __version__, subject=subject)
    compile(source, case.full_id, "exec")
    assert source.isascii()
    assert "asgi_conformance" not in source
    assert "    check(" in source or 'show("noted"' in source


def test_every_step_of_the_script_language_can_be_told() -> None:
    told = [case for case in cases.load() if case.kind == "probe" and "outermost" not in case.needs and not case.server]
    used = {step.op for case in told for step in case.steps if step.lane == "client"}
    assert used <= CLIENT_OPS | HELD_BACK


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["surface.starlette.states"], "documented names and values"),
        (["middleware.passes-on"], "add --target=MODULE:ATTR"),
        (["route.close-4001[/ws]"], "add --target=MODULE:ATTR"),
        (["route.clos-4001[/ws]"], "no way to treat a route"),
        (["close.client.cod"], 'did you mean "close.client.code"?'),
        (["close.client.code", "--server=hypercorn"], "--server: a replay knows uvicorn:"),
        (["close.client.code", "--path=/ws"], "add --target=MODULE:ATTR"),
        (["close.client.code", "--report=nowhere.json"], "cannot read nowhere.json"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["replay", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert why in err


def test_a_report_goes_into_the_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = sample()
    case = next(c for c in report["cases"] if c["id"].startswith("close.client.code[") and c["verdict"] == "fail")
    finding = next(f for f in case["findings"] if f["verdict"] == "fail")
    finding["observed"] = 'code=1000 """\nimport os\u202e'
    write(report, tmp_path / "r.json")
    assert cli.main(["replay", case["id"], "--report", str(tmp_path / "r.json")]) == 0
    source = capsys.readouterr().out
    compile(source, "replay", "exec")
    assert source.isascii()
    assert finding["expected"] in source
    assert "\nimport os\\" not in source
    assert cli.main(["replay", case["id"], "-o", str(tmp_path / "r.py"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["program"] == (tmp_path / "r.py").read_text()


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An environment in which there is nothing but uvicorn, websockets and starlette."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "uvicorn", "websockets", "starlette"]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip("the packages cannot be installed here")
    return python


def run(python: str, source: str, folder: Path) -> tuple[int, str]:
    path = folder / "replay.py"
    path.write_text(source)
    done = subprocess.run([python, str(path)], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("id", [*HOLD, *DEVIATE])
def test_a_program_says_what_the_suite_says(id: str, bare_python: str, tmp_path: Path) -> None:
    status, out = run(bare_python, replay.program(by_id(id), __version__, ws="websockets-sansio"), tmp_path)
    assert status == (id in DEVIATE), out
    if id in DEVIATE:
        assert any("NOT HELD" in line and DEVIATE[id] in line for line in out.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("target", ["targets.broken.close_code_lost:app", "targets.broken.close_code_rewritten:app"])
def test_a_broken_target_is_shown_with_its_middleware(target: str, tmp_path: Path) -> None:
    source = replay.program(by_id("close.client.code[4001-bye]"), __version__, subject=replay.Subject(target))
    path = tmp_path / "replay.py"
    path.write_text(source)
    done = subprocess.run(
        [sys.executable, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "NOT HELD" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "status"), [(False, 0), (True, 1)])
def test_a_route_of_the_targets_own(broken: bool, status: int, tmp_path: Path) -> None:
    ends = "raise ValueError('no')" if broken else "pass"
    (tmp_path / "app.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.routing import WebSocketRoute\n"
        "async def ws(websocket):\n"
        "    await websocket.accept()\n"
        "    async for text in websocket.iter_text():\n"
        "        pass\n"
        f"    {ends}\n"
        "app = Starlette(routes=[WebSocketRoute('/ws', ws)])\n"
    )
    out = tmp_path / "r.py"
    assert cli.main(["replay", "route.close-4001[/ws]", "--target=app:app", "-o", str(out)]) == 0
    done = subprocess.run(
        [sys.executable, str(out)], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
