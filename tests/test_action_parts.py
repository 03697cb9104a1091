"""The parts of the GitHub Action: annotations, outputs, and the fence around what a target prints."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from action_runner import ROOT, commands, outputs

from asgi_conformance.action import commands as spoken
from asgi_conformance.action import inputs
from asgi_conformance.action.annotate import SHOWN, Sources, annotate
from asgi_conformance.action.outcome import cut

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLE = ROOT / "docs" / "examples" / "conformance.yml"


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "workspace" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


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
