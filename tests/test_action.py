"""The GitHub Action: its own steps are run as a runner runs them, on targets good, bad, broken and hostile."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import action_runner
import pytest
import yaml
from action_runner import ROOT, Ran, commands

from asgi_conformance.action import inputs
from asgi_conformance.action.steps import FILES

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLE = ROOT / "docs" / "examples" / "conformance.yml"
DOCS = (ROOT / "docs" / "github-action.md").read_text("utf-8")
NAMES = {"conformance.html", "conformance.json", "conformance.svg", "conformance.md", "badge.json"}
STARTS = """
import os
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


"""
CLOSES_AGAIN = f"""{STARTS}@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    try:
        await socket.receive_text()
    except WebSocketDisconnect:
        await socket.close()
"""
# Whatever it writes, and wherever: nothing of it may be taken for a command or end up in an output.
NOISE = '''NOISE = """
::error file=README.md,line=1::pwned
  ::warning::pwned
##[error]pwned
some text ##[warning]pwned
::set-output name=verdict::pass
::stop-commands::pwned
::pwned::
::add-mask::fail
"""
'''
HOSTILE = f"""{STARTS}{NOISE}
print(NOISE, flush=True)
os.write(2, NOISE.encode())
open("environ.txt", "w").write(" ".join(os.environ))


@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    try:
        await socket.receive_text()
    except WebSocketDisconnect:
        print(NOISE, end="::error::pwned without an end", flush=True)
        raise RuntimeError("::error::pwned %0A::error::pwned\\r::error::pwned\\n##[error]pwned\\n::endgroup::" + NOISE)


echo.__qualname__ = echo.__name__ = "echo\\n::error file=a.py,line=1,title=b::pwned (c.py:1)"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return action_runner.environment(tmp_path_factory.mktemp("quick") / "venv")


@pytest.fixture
def quick(installed: Path) -> Path:
    """An environment in which everything is installed already, and pip writes down what it is asked for."""
    (installed.parent / "pip.jsonl").unlink(missing_ok=True)
    return installed


def act(tmp_path: Path, python: Path, given: dict[str, str], environ: dict[str, str] | None = None) -> Ran:
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)
    return action_runner.run(given, workspace, python, tmp_path / "temp", environ or {})


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "workspace" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def calls(python: Path) -> list[dict[str, Any]]:
    """How pip was called."""
    return [json.loads(line) for line in (python.parent / "pip.jsonl").read_text().splitlines()]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)



@pytest.mark.slow
def test_a_conforming_target_with_everything_installed_by_pip(tmp_path: Path) -> None:
    """pip itself installs the suite from the action's checkout; all else is there already."""
    python = action_runner.environment(tmp_path / "venv", pip=True)
    write(tmp_path, "minimal_fastapi.py", (ROOT / "targets" / "minimal_fastapi.py").read_text("utf-8"))
    write(tmp_path, "requirements.txt", "fastapi\n")
    given = {
        "target": "minimal_fastapi:app",
        "install": "-r requirements.txt",
        "python-version": "3.12",
        "server": "uvicorn:websockets-sansio\n",
        "args": "--case=route.close-1000 --case='close.client.code[4001-bye]'",
        "report-name": "reports of: mine",
    }
    ran = act(tmp_path, python, given, {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"})
    assert ran.status == 0, ran.log
    assert "Successfully installed asgi-conformance" in ran.log
    assert ran.python == "3.12"
    counts = {name: ran.outputs[name] for name in ("verdict", "failed", "warned", "known")}
    assert counts == {"verdict": "pass", "failed": "0", "warned": "0", "known": "0"}
    assert int(ran.outputs["passed"]) >= 2
    report = json.loads(Path(ran.outputs["json"]).read_text("utf-8"))
    assert report["summary"]["passed"] == int(ran.outputs["passed"])
    assert report["servers"][0]["ws"] == "websockets-sansio"
    assert Path(ran.outputs["report"]).read_text("utf-8").lower().startswith("<!doctype html>")
    assert Path(ran.outputs["badge"]).read_text("utf-8").startswith("<svg")
    assert ran.commands == []
    assert ran.summary.startswith("## ✅ <code>minimal&#95;fastapi&#58;app</code> conforms")
    assert set(ran.artifacts) == {"reports of- mine"}
    assert set(ran.artifacts["reports of- mine"]) == NAMES
    badge = json.loads(ran.artifacts["reports of- mine"]["badge.json"])
    assert (badge["schemaVersion"], badge["message"]) == (1, "conforms")
    assert set(ran.steps.values()) == {"success"}


def test_a_failing_target_is_annotated_at_the_line_of_its_handler(tmp_path: Path, quick: Path) -> None:
    write(tmp_path, "service, a/src/shop/app.py", CLOSES_AGAIN)
    given = {
        "target": "shop.app:app",
        "working-directory": "service, a",
        "app-dir": "src",
        "args": "--case=route.close-1000 -p no:cacheprovider",
        "install": "-e '.[dev]'\nmore",
        "python-version": "",
    }
    ran = act(tmp_path, quick, given)
    assert ran.status == 1, ran.log
    assert ran.steps["Set up Python"] == "skipped"
    assert ran.steps["Run the suite"] == "success"
    assert ran.steps["Verdict"] == "failure"
    assert {name: ran.outputs[name] for name in ("verdict", "passed", "failed")} == {
        "verdict": "fail",
        "passed": "0",
        "failed": "1",
    }
    error = ran.annotations("error")[0]
    assert ran.commands == [error]
    assert error.properties == {
        "file": "service, a/src/shop/app.py",
        "line": str(line_of(CLOSES_AGAIN, "async def echo")),
        "title": "asgi.application.no-send-after-end (MUST, application)",
    }
    assert "\nexpected: nothing sent" in error.message
    assert "\nreproduce: pytest --target=shop.app:app" in error.message
    assert ran.summary.startswith("## ❌ <code>shop.app&#58;app</code> does not conform")
    assert "asgi.application.no-send-after-end" in ran.summary
    assert ran.summary.endswith("The full report is in the artifact <code>conformance</code>.\n")
    assert set(ran.artifacts["conformance"]) == NAMES
    wanted, suite = calls(quick)
    assert wanted["arguments"][-3:] == ["-e", ".[dev]", "more"]
    assert Path(wanted["folder"]).name == "service, a"
    assert suite["arguments"][-1] == str(ROOT)
    assert re.search(r"^starlette==\d", suite["pins"], re.MULTILINE)
    assert not set(FILES) & set(wanted["environ"])


def test_a_target_that_cannot_be_imported_is_annotated_at_its_module(tmp_path: Path, quick: Path) -> None:
    write(tmp_path, "bad.py", "import no_such_module_at_all\n")
    ran = act(tmp_path, quick, {"target": "bad:app", "strict": "true"})
    assert ran.status == 4, ran.log
    assert ran.outputs["verdict"] == "error"
    assert Path(ran.outputs["report"]).is_file()
    (error,) = ran.commands
    assert error.properties == {"file": "bad.py", "line": "1", "title": "bad:app could not be judged"}
    assert "No module named 'no_such_module_at_all'" in error.message
    assert ran.summary.startswith("## 💥 <code>bad&#58;app</code> could not be judged")
    assert "no\\_such\\_module\\_at\\_all" in ran.summary
    assert set(ran.artifacts["conformance"]) == NAMES


def test_a_hostile_target_injects_nothing(tmp_path: Path, quick: Path) -> None:
    write(tmp_path, "app.py", HOSTILE)
    at_the_end = "import atexit, os\natexit.register(os.write, 1, b'::error::pwned without an end')\n"
    write(tmp_path, "conftest.py", f"{NOISE}{at_the_end}print(NOISE)\n")
    args = "--case=route.close-4001 --case=route.text -s"
    ran = act(tmp_path, quick, {"target": "app:app", "strict": "true", "args": args})
    assert ran.status == 1, ran.log
    assert "\n::set-output name=verdict::pass\n" in ran.log, "it was written"
    assert "::error::pwned without an end\n::" in ran.log
    assert ran.outputs["verdict"] == "fail"
    assert ran.commands, ran.log
    for command in ran.commands:
        assert command.name in ("error", "warning")
        assert set(command.properties) <= {"file", "line", "title"}
        assert command.properties.get("file", "app.py") == "app.py"
        assert re.fullmatch(r"(asgi|suite)\.[\w.-]+ \(\w+, application\)", command.properties["title"])
    assert any("pwned" in command.message for command in ran.commands), "what was raised is shown, as text"
    assert ran.logs["Summary and annotations"].count("\n") == len(ran.commands)
    assert not re.search(r"^\s*::|##\[", ran.summary, re.MULTILINE)
    seen = (tmp_path / "workspace" / "environ.txt").read_text().split()
    assert not [name for name in seen if name in FILES or name.startswith(inputs.PREFIX)]


SHELL = "; touch pwned $(touch pwned) `touch pwned` ' \" && touch pwned\n| touch pwned > pwned"


def test_inputs_execute_nothing(tmp_path: Path, quick: Path) -> None:
    given = dict.fromkeys(("target", "server", "baseline", "report-name", "python-version"), SHELL)
    quoted = "'; touch pwned' $(touch pwned) `touch pwned` \"$(touch pwned)\" ${HOME} *"
    ran = act(tmp_path, quick, {**given, "install": quoted, "args": quoted})
    assert ran.status == 4, ran.log
    assert calls(quick)[0]["arguments"][2:] == [
        "; touch pwned",
        *("$(touch", "pwned)", "`touch", "pwned`", "$(touch pwned)", "${HOME}", "*"),
    ]
    assert ran.outputs["verdict"] == "error"
    assert [command.name for command in ran.commands] == ["error"]
    # An output or the summary cannot be forged by them either.
    assert ran.summary.count("##") == 1
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("pwned")]


@pytest.mark.parametrize("name", ["working-directory", "factory", "strict", "install", "args"])
def test_a_wrong_input_is_one_line(tmp_path: Path, quick: Path, name: str) -> None:
    ran = act(tmp_path, quick, {"target": "app:app", name: "$(touch pwned) ; touch pwned 'unclosed\n::error::pwned"})
    assert ran.status == 4
    assert [command.name for command in ran.commands] == ["error"]
    assert name in ran.commands[0].message
    assert "Traceback" not in ran.log
    assert ran.outputs["verdict"] == "error"
    assert name in ran.summary.replace("\\", "")
    assert ran.artifacts == {}
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("pwned")]


def test_without_a_target_nothing_is_run(tmp_path: Path, quick: Path) -> None:
    write(tmp_path, "test_own.py", "def test(): print('the tests of the user')\n")
    ran = act(tmp_path, quick, {"target": " "})
    assert (ran.status, ran.outputs["verdict"]) == (4, "error")
    assert 'the input "target" is missing' in ran.commands[0].message
    assert "test_own" not in ran.log


def test_an_installation_that_fails_ends_the_job_and_is_told(tmp_path: Path, quick: Path) -> None:
    ran = act(tmp_path, quick, {"target": "app:app", "install": "no-such-package"})
    assert ran.status == 1
    assert ran.steps["Run the suite"] == "skipped"
    assert ran.outputs["verdict"] == "error"
    assert ran.outputs["report"] == ""
    assert [command.message for command in ran.commands] == [
        "pip could not install what the input asks for; its last lines in the log say why"
    ]
    assert "pip could not install" in ran.summary
    assert len(calls(quick)) == 1


def test_a_python_that_is_too_old_is_refused_in_one_line(tmp_path: Path) -> None:
    script = ROOT / "conformance" / "asgi_conformance" / "action" / "__main__.py"
    shown = script.read_text("utf-8").replace("sys.version_info < (3, 11)", "True")
    changed = tmp_path / "old.py"
    changed.write_text(shown)
    done = subprocess.run([sys.executable, str(changed), "install"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    (command,) = commands(done.stdout)
    assert command.message.startswith("Python 3.11 or newer is needed")
    assert compile(script.read_text("utf-8"), "__main__.py", "exec", dont_inherit=True)
