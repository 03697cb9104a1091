"""The GitHub Action: its own steps are run as a runner runs them, on targets good, bad, broken and hostile."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import action_runner
import pytest
import yaml
from action_runner import ROOT, Ran, commands, outputs

from asgi_conformance.action import commands as spoken
from asgi_conformance.action import inputs
from asgi_conformance.action.annotate import SHOWN, Sources, annotate
from asgi_conformance.action.outcome import cut
from asgi_conformance.action.steps import FILES, STEPS

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


# The files


def test_the_action_and_the_workflows_are_valid() -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed: pip install -e '.[test]'")
    for schema, paths in (("actions", [ROOT / "action.yml"]), ("workflows", [*WORKFLOWS, EXAMPLE])):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-{schema}"]
        done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_and_the_workflows_are_safe(tmp_path: Path) -> None:
    """zizmor finds nothing, not even what it tells pedants only."""
    tool = action_runner.tool("zizmor")
    if tool is None:
        pytest.skip("zizmor is not installed: pip install -e '.[test]'")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", tmp_path)
    for path in WORKFLOWS:
        shutil.copy(path, folder)
    # Who copies the example puts a commit there.
    (folder / "example.yml").write_text(EXAMPLE.read_text("utf-8").replace("@COMMIT", "@" + "0" * 40))
    command = [*tool, "--offline", "--no-progress", "--persona=pedantic", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed" in done.stderr


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS, EXAMPLE], ids=lambda path: path.name)
def test_other_actions_are_pinned_by_commit_and_version(path: Path) -> None:
    for uses, comment in re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8")):
        if not uses.startswith(("./", "OWNER/")):
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", uses), uses
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), uses


def test_one_version_of_each_action_is_used_everywhere() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "action.yml", *WORKFLOWS, EXAMPLE))
    found = set(re.findall(r"uses: (actions/\S+ # \S+)", text + DOCS))
    assert len({uses.partition("@")[0] for uses in found}) == len(found), found


def test_no_expression_reaches_a_shell() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "eval" not in step.get("run", "")
    documents = [yaml.safe_load(path.read_text("utf-8")) for path in (*WORKFLOWS, EXAMPLE)]
    for document in documents:
        assert document["permissions"] == {}
        for job in document["jobs"].values():
            assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_every_input_is_used_and_none_is_read_that_is_not_there() -> None:
    text = (ROOT / "action.yml").read_text("utf-8").partition("\nruns:")[2]
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    steps = [step for step in ACTION["runs"]["steps"] if "asgi_conformance/action" in step.get("run", "")]
    assert [step["run"].split()[-1] for step in steps] == list(STEPS)
    for step in steps:
        for name, expression in step["env"].items():
            source = re.findall(r"(?:inputs|outputs)\.([\w-]+)", expression)[0]
            assert name == inputs.PREFIX + source.upper().replace("-", "_")


def test_the_page_has_every_input_and_output() -> None:
    def rows(title: str) -> list[list[str]]:
        part = DOCS.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        lines = [line for line in part.splitlines() if line.startswith("| `")]
        return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]

    found = {name.strip("`"): default for name, default, _ in rows("Inputs")}
    assert list(found) == list(ACTION["inputs"])
    for name, spec in ACTION["inputs"].items():
        expected = "required" if spec.get("required") else f"`{spec['default']}`" if spec["default"] else ""
        assert found[name] == expected, name
    assert [row[0].strip("`") for row in rows("Outputs")] == list(ACTION["outputs"])


@pytest.mark.parametrize("page", ["docs/github-action.md", "README.md"])
def test_workflows_on_the_pages_give_inputs_that_exist(page: str) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    found = [step for block in blocks for step in steps_of(yaml.safe_load(block)) if "OWNER/" in str(step.get("uses"))]
    assert found
    for step in [*found, *steps_of(yaml.safe_load(EXAMPLE.read_text("utf-8")))]:
        if "OWNER/" in str(step.get("uses")):
            assert step["uses"] == "OWNER/asgi-conformance@COMMIT"
            assert "target" in step["with"]
            assert set(step["with"]) <= set(ACTION["inputs"])


def steps_of(document: Any) -> list[dict[str, Any]]:
    """The steps anywhere in a workflow or in a part of one."""
    if isinstance(document, list):
        return [step for part in document for step in steps_of(part)]
    if not isinstance(document, dict):
        return []
    return [document] if "uses" in document else [step for part in document.values() for step in steps_of(part)]


# Runs


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


# The parts


def test_every_option_that_an_input_stands_for() -> None:
    environ = {
        "CONFORMANCE_TARGET": "a:b",
        "CONFORMANCE_APP_DIR": "src",
        "CONFORMANCE_FACTORY": "True",
        "CONFORMANCE_SERVER": " uvicorn:wsproto, hypercorn\ndaphne ",
        "CONFORMANCE_BASELINE": "accepted.toml",
        "CONFORMANCE_STRICT": "known",
        "CONFORMANCE_ARGS": "-n 2 -k 'a or b'",
    }
    words = inputs.read(environ, ROOT).pytest(Path("/r"))
    assert words == [
        *("--target=a:b", "--app-dir=src", "--factory"),
        *("--server=uvicorn:wsproto", "--server=hypercorn", "--server=daphne"),
        *("--baseline=accepted.toml", "--conformance-strict=known"),
        *(f"--report=/r/conformance.{kind}" for kind in ("html", "json", "svg", "md")),
        *("-n", "2", "-k", "a or b"),
    ]
    plain = inputs.read({"CONFORMANCE_TARGET": "a:b", "CONFORMANCE_STRICT": "true"}, ROOT).pytest(Path("/r"))
    assert plain[:2] == ["--target=a:b", "--conformance-strict=warn"]
    assert len(plain) == 6


@pytest.mark.parametrize(
    "text", ["plain", "100% %0A", "a\nb\r\nc\rd", "::error::x", "a, b: c=d", "", "é\u202e\ud800\x00\x85\u2028", "::"]
)
def test_an_annotation_says_what_it_was_given(text: str) -> None:
    (command,) = commands(spoken.annotation("error", text, text, text or "f", 3) + "\nmore")
    assert command.name == "error"
    assert command.properties["line"] == "3"
    assert command.properties["file"] == (text or "f")
    assert command.message.split("\n") == ([spoken.pictured(line) for line in text.splitlines()] or [""])
    assert ("title" in command.properties) == bool(text)


def test_long_texts_are_cut() -> None:
    (command,) = commands(spoken.annotation("warning", "x" * 100_000, "y" * 1000))
    assert len(command.message) == 4000
    assert len(command.properties["title"]) == 200


def test_an_output_cannot_begin_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    given = {"first": "a\nverdict=pass\nverdict<<x\npass\nx", "second": ""}
    spoken.put_out(given)
    assert outputs((tmp_path / "output").read_text("utf-8")) == given


def test_what_is_fenced_cannot_speak_to_the_runner(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with spoken.fenced():
        subprocess.run(["printf", "::error::a\\n##[error]b\\n::error::c"], check=True)
    spoken.say("::notice::d")
    found = list(commands(capfdbinary.readouterr().out.decode()))
    assert [(command.name, command.message) for command in found] == [("notice", "d")]


def cause(verdict: str, layer: str = "application", component: str = "app.f (app.py:7)") -> dict[str, Any]:
    named = {"requirement": "a.b", "level": "MUST", "message": "says", "expected": "1", "observed": "2", "fix": ""}
    return {**named, "verdict": verdict, "layer": layer, "component": component, "cases": [0]}


def report_of(*causes: dict[str, Any], **more: Any) -> dict[str, Any]:
    case = {"id": "c", "title": "t", "reproduce": "pytest", "tags": {"handler": "app.py:9"}}
    rest = {"error": None, "partial_reasons": [], "baseline": {"stale": []}, "requirements": {}, "cases": [case]}
    return {**rest, "causes": list(causes), **more}


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    write(tmp_path, "app.py", "")
    workspace = (tmp_path / "workspace").resolve()
    return Sources(workspace, (workspace,))


def test_what_verdicts_are_errors_or_warnings(sources: Sources) -> None:
    report = report_of(*map(cause, ("fail", "error", "warn", "known")))
    found = {strict: [c.name for line in annotate(report, sources, strict) for c in commands(line)] for strict in WORDS}
    assert found == WORDS


WORDS = {"": ["error", "error", "warning"], "warn": ["error"] * 3, "known": ["error"] * 4}


def test_what_has_no_line_is_annotated_without_one(sources: Sources) -> None:
    report = report_of(
        cause("fail", "server", ""),
        cause("fail", "application", ""),
        cause("fail", "middleware", "lib.M (/usr/lib/python3/site-packages/lib.py:3)"),
        partial_reasons=["why"],
        baseline={"stale": ["x"]},
    )
    found = [c for line in annotate(report, sources) for c in commands(line)]
    assert [c.properties.get("file") for c in found] == ["app.py", None, None, None, None]
    assert [c.properties.get("line") for c in found] == ["9", None, None, None, None]


def test_github_shows_ten_of_a_kind_and_the_last_tells_of_the_rest(sources: Sources) -> None:
    for many in (SHOWN, SHOWN + 1):
        found = annotate(report_of(*[cause("fail", "server", "")] * many, cause("fail")), sources)
        assert len(found) == SHOWN
        assert "file=app.py,line=7" in found[0]
        assert f"::{many + 1 - SHOWN + 1} more" in found[-1]


def test_files_are_named_from_the_root_of_their_repository(tmp_path: Path) -> None:
    files = ("a/src/app.py", "inner/pkg/mod.py", "my (odd)/x, y.py", ".venv/lib/site-packages/lib.py", "p/__init__.py")
    for name in files:
        write(tmp_path, name, "")
    workspace = (tmp_path / "workspace").resolve()
    (workspace / "inner" / ".git").mkdir()
    (tmp_path / "outside.py").touch()
    sources = Sources(workspace, (workspace / "a" / "src", workspace))
    assert sources.find("app.py") == "a/src/app.py"
    assert sources.find("inner/pkg/mod.py") == "pkg/mod.py"
    assert sources.find(str(workspace / "my (odd)" / "x, y.py")) == "my (odd)/x, y.py"
    assert sources.find(".venv/lib/site-packages/lib.py") == ""
    assert sources.find(str(tmp_path / "outside.py")) == sources.find("../outside.py") == ""
    assert sources.find("no.py") == sources.find("a") == ""
    assert (sources.module("p:app"), sources.module("q:app")) == ("p/__init__.py", "")


def test_only_what_happened_in_the_module_is_annotated_there(sources: Sources) -> None:
    for phase, file in (("import", "app.py"), ("selection", None), ("python", None)):
        report = report_of(error={"phase": phase, "message": "why"}, target={"name": "app:app"})
        ((found,),) = (list(commands(line)) for line in annotate(report, sources))
        assert (found.message, found.properties.get("file")) == ("why", file)


def test_a_summary_stays_below_what_github_takes() -> None:
    text = "<details>\n" + "é" * 50 + "\n" + "- line\n" * 300_000
    for room in (500, 5_000, 1_000_000):
        shown = cut(text, room)
        assert len(shown.encode()) <= room
        assert "The summary was cut here" in shown
        assert shown.count("<details>") == shown.count("</details>")
    assert cut("short\n", 500) == "short\n"
