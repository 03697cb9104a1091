"""What cannot be started or is not there: one clear line, exit status 4, a report that says so, nothing left behind."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from targets_for_plugin import FEW, MODULES

from asgi_conformance.report.files import load

pytest_plugins = ["pytester"]


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A marker in the environment of everything that a test starts; in the end nothing must be left that has it."""
    marker = uuid.uuid4().hex
    monkeypatch.setenv("CONFORMANCE_TEST_MARK", marker)
    yield marker
    assert left(marker) == []


def left(marker: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and marker.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(**MODULES)
    return pytester


BAD_START = [
    ("nosuch:app", "*nosuch*", 0),
    ("good:nosuch", "*nosuch*", 0),
    ("good:number", "*good:number*", 0),
    ("raises:app", "*no [[]/bye[]] import*", 1),
    ("does_not_start:app", "*start*", 1),
]


@pytest.mark.usefixtures("mark")
@pytest.mark.parametrize(("target", "line", "tracebacks"), BAD_START)
def test_a_target_that_does_not_start(project: pytest.Pytester, target: str, line: str, tracebacks: int) -> None:
    result = project.runpytest_subprocess(f"--target={target}", FEW, "--report=r.json", "--report=r.html", timeout=60)
    errors = [text for text in result.errlines if text.startswith("ERROR: ")]
    assert result.ret == 4
    assert len(errors) == 1
    assert errors[0].startswith("ERROR: cannot start the target: ")
    result.stderr.fnmatch_lines([f"ERROR: {line}"])
    shown = result.stdout.str() + result.stderr.str()
    assert shown.count("Traceback (most recent call last)") == tracebacks
    assert "INTERNALERROR" not in shown
    report = load(project.path / "r.json")
    assert report["summary"]["verdict"] == "error"
    assert report["error"]["message"] in errors[0]
    assert (project.path / "r.html").exists()


@pytest.mark.usefixtures("mark")
def test_a_start_that_hangs(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--target=hangs:app", FEW, "--conformance-deadline=0.3", timeout=60)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: cannot start the target: *did not start within 1.8 s*"])


BAD_INPUT = [
    (["--target=good"], '--target must be written "module:attribute", not "good"'),
    (["--target=good:app", "--app-dir=nowhere"], "--app-dir=nowhere: there is no such folder"),
    (["--target=good:app", "--case=close.client.cod"], 'did you mean "close.client.code"?'),
    (["--target=good:app", "conformance::close.client.code[1000-byy]"], 'did you mean "close.client.code[1000-bye]"?'),
    (
        ["--target=good:app", "--route=/ecko"],
        '--route=/ecko matches no WebSocket route of the target; did you mean "/echo"?',
    ),
    (["--target=good:app", "--report=r.txt"], "--report=r.txt: unknown format; use one of .html, .json, .md, .svg"),
    (["--target=good:app", "--python=/no/python"], "cannot start the target: cannot run /no/python: No such file"),
    (["--target=good:app", "--server=uvicorm"], '--server: unknown server "uvicorm"'),
    (["--target=good:app", "--server=uvicorn:x"], '--server: unknown WebSocket implementation "x" of uvicorn'),
    (["--target=good:app", "--server=uvicorn", "--server=uvicorn"], "--server=uvicorn was given twice"),
    (["--target=good:app", "--conformance-strict=all"], '--conformance-strict: unknown value "all"; use warn or known'),
    (["--target=good:app", "--conformance-profile=ap"], '--conformance-profile: unknown value "ap"'),
    (["--target=good:app", "--conformance-deadline=soon"], "must be a number of seconds above 0"),
    (["--target=good:app", "--repeat=0"], "--repeat must be a whole number"),
]


@pytest.mark.usefixtures("mark")
@pytest.mark.parametrize(("arguments", "line"), BAD_INPUT, ids=[" ".join(a[1:]) or a[0] for a, _ in BAD_INPUT])
def test_what_is_not_there_is_one_clear_line(project: pytest.Pytester, arguments: list[str], line: str) -> None:
    result = project.runpytest_subprocess(*arguments, timeout=60)
    assert result.ret == 4
    assert [text for text in result.errlines if text] == [text for text in result.errlines if line in text]
    assert len([text for text in result.errlines if text]) == 1
    assert "Traceback" not in result.stdout.str()


@pytest.mark.usefixtures("mark")
def test_an_unknown_setting_is_one_clear_line(project: pytest.Pytester) -> None:
    project.makepyprojecttoml("[tool.asgi-conformance]\nhedders = {}\n")
    result = project.runpytest_subprocess("--target=good:app", timeout=60)
    assert result.ret == 4
    assert [text for text in result.errlines if text] == [
        'ERROR: [tool.asgi-conformance]: unknown key "hedders"; did you mean "headers"?'
    ]


@pytest.mark.usefixtures("mark")
def test_a_report_that_cannot_be_written_fails_the_run(project: pytest.Pytester) -> None:
    project.makefile(".md", file="in the way")
    result = project.runpytest_subprocess("--target=good:app", FEW, "--report=file.md/r.json", timeout=60)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["cannot write the report *file.md/r.json: *"])
    result.stdout.no_fnmatch_line("reports *")

INTERRUPTED_IMPORT = """
import builtins

real = builtins.__import__


def interrupted(name, globals=None, locals=None, fromlist=(), level=0):
    if (name, level) == ("run", 1) and (globals or {}).get("__package__") == "asgi_conformance":
        raise KeyboardInterrupt
    return real(name, globals, locals, fromlist, level)


builtins.__import__ = interrupted
"""


def test_ctrl_c_while_the_suite_is_still_imported_leaves_a_report_and_no_process(
    project: pytest.Pytester, mark: str
) -> None:
    project.makeconftest(INTERRUPTED_IMPORT)
    ran = project.runpytest_subprocess("--target=good:app", "--report=r.json")
    assert ran.ret == pytest.ExitCode.INTERRUPTED
    report = load(project.path / "r.json")
    assert report["summary"]["verdict"] == "partial"
    assert "The run was interrupted" in report["partial_reasons"][0]
