"""The console: a failure, the summary, the moving line. Foreign text is shown and does nothing."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sample_report import sample
from targets_for_plugin import FEW, GOOD

from asgi_conformance.model import Attempt, Case, Finding, Layer, Level, Result, Trace, Verdict
from asgi_conformance.report import console
from asgi_conformance.report.progress import Progress, progress


class Writer:
    """What the summary needs of pytest's terminal writer."""

    def __init__(self, hasmarkup: bool = False, fullwidth: int = 80, encoding: str = "utf-8") -> None:
        self.raw = io.BytesIO()
        self._file = io.TextIOWrapper(self.raw, encoding=encoding, write_through=True)
        self.hasmarkup = hasmarkup
        self.fullwidth = fullwidth

    def line(self, text: str = "") -> None:
        self._file.write(text + "\n")

    def sep(self, char: str, title: str) -> None:
        self.line(f" {title} ".center(self.fullwidth, char))

    @property
    def text(self) -> str:
        return self.raw.getvalue().decode(self._file.encoding)


def summary(report: Any, files: tuple[str, ...] = (), verbosity: int = 0, **how: Any) -> str:
    writer = Writer(**how)
    console.summarize(report, writer, files, verbosity)
    return writer.text


def result(**finding: str) -> Result:
    case = Case("close.client.code", "The code arrives.", "close", ("asgi.disconnect.code",), row="4001-bye")
    found = Finding(
        "asgi.disconnect.code",
        Level.MUST,
        Layer.SERVER,
        Verdict.FAIL,
        Layer.MIDDLEWARE,
        "inner",
        finding.get("expected", "code=4001"),
        finding.get("observed", "code=1000"),
        component="app.mw.CloseRewriter (app/mw.py:12)",
    )
    attempt = Attempt(Verdict.FAIL, (found,), Trace(()), 1000)
    return Result(
        case,
        "conformance::close.client.code[4001-bye]",
        "uvicorn",
        Verdict.FAIL,
        Layer.MIDDLEWARE,
        (attempt,),
        reproduce="pytest --target=app:app --case='close.client.code[4001-bye]'",
    )


def test_several_servers_have_a_table_of_their_sections() -> None:
    report = sample(servers=2)
    table = [line.split() for line in summary(report).splitlines()]
    first, second = (server["id"] for server in report["servers"])
    (place,) = [place for place, line in enumerate(table) if line[:1] == ["section"]]
    assert second.split("-", 1)[-1] in [*table[place - 1], *table[place]]
    sections = {case["section"] for case in report["cases"]}
    rows = {line[0]: line[1:] for line in table[place + 1 : place + 1 + len(sections)]}
    assert set(rows) == sections
    for section, cells in rows.items():
        bad = [c["verdict"] for c in report["cases"] if c["section"] == section and c["server"] == first]
        loud = next((verdict for verdict in ("fail", "error", "warn", "known") if verdict in bad), None)
        assert cells[0] == str(bad.count(loud) if loud else bad.count("pass") + bad.count("note") or "-")
        assert loud is None or cells[1] == loud
    assert "section" not in summary(sample()).split()


def test_a_failure_has_the_promised_form() -> None:
    assert console.failure(result(), "uvicorn 0.54.0 (websockets-sansio)").splitlines() == [
        "FAIL  close.client.code[4001-bye]      server: uvicorn 0.54.0 (websockets-sansio)",
        "  The code arrives.",
        "  requirement  asgi.disconnect.code · MUST · ASGI WebSocket specification, Disconnect (receive event)",
        "  expected     code=4001",
        "  observed     code=1000",
        "  fault        middleware: app.mw.CloseRewriter (app/mw.py:12)",
        "  reproduce    pytest --target=app:app --case='close.client.code[4001-bye]'",
    ]


def test_a_failure_pictures_control_characters() -> None:
    text = console.failure(result(observed="reason='[/bye]\x1b[31m\r\n\u202e'"), "uvicorn")
    assert "  observed     reason='[/bye]␛[31m␍␊\\u202e'" in text.splitlines()


def test_the_summary_tells_the_users_own_first() -> None:
    report = sample()
    lines = summary(report, ("r.html",)).splitlines()

    def place(start: str) -> int:
        return next(number for number, line in enumerate(lines) if line.lstrip().startswith(start))

    assert place("your routes") < place("the stack") < place("What to mend first") < place("reports")
    assert any("does not conform" in line for line in lines)
    assert lines[-1].split() == ["reports", "r.html"]
    for entry in report["deviations"]:
        assert any(entry["id"] in line for line in lines) is bool(entry["cases"])


def test_one_cause_is_one_entry() -> None:
    report = sample()
    bad = [cause for cause in report["causes"] if cause["verdict"] in ("fail", "error", "warn")]
    text = summary(report)
    assert text.count("reproduce    ") == min(len(bad), 10)
    assert f"({len(bad[0]['cases'])} case" in text


@pytest.mark.parametrize("how", [{}, {"hasmarkup": True}, {"fullwidth": 30}, {"encoding": "ascii"}])
@pytest.mark.parametrize("verbosity", [-1, 0])
def test_foreign_text_is_never_markup(how: dict[str, Any], verbosity: int) -> None:
    text = summary(sample(hostile=True), ("[/r].html",), verbosity, **how)
    assert "\x1b[31m\u202e" not in text
    assert "\x00" not in text
    assert "[/r].html" in text
    if not how.get("hasmarkup"):
        assert "\x1b" not in text
    if not how:
        assert "[/bold]␛[31m\\u202e␀" in text


def test_a_run_that_did_not_start_leaves_the_word_to_pytest() -> None:
    report = sample(error={"phase": "import", "message": "no such module"}, results=[])
    assert summary(report, ("r.json",)).split() == ["reports", "r.json"]


def test_quiet_tells_only_what_went_wrong() -> None:
    text = summary(sample(), verbosity=-1)
    assert "the stack" not in text
    assert "What to mend first" in text


def test_a_route_that_denies_is_told_once_with_the_lines_to_copy() -> None:
    report = sample()
    denied = [c for c in report["cases"] if c["kind"] == "route" and c["verdict"] == "skip"]
    assert len(denied) > 1
    lines = ['[tool.asgi-conformance.route."/ws/admin"]', 'headers = { authorization = "Bearer …" }', "denial = 403"]
    for case in denied:
        case["reason"] = "\n".join(["the route denies with HTTP 403. Add to pyproject.toml:", *lines])
    text = summary(report, fullwidth=60)
    assert [line.strip() for line in text.splitlines() if line.strip() in lines] == lines
    assert "Routes that could not be visited" in text
    assert "over real connections" in " ".join(text.split())


# The moving line


def reporter(**how: Any) -> Any:
    from _pytest.terminal import TerminalReporter

    out = TerminalReporter.__new__(TerminalReporter)
    out.isatty = how.get("isatty", True)
    out._tw = Writer()  # type: ignore[assignment]
    out.config = SimpleNamespace(option=SimpleNamespace(verbose=how.get("verbose", 0)))  # type: ignore[assignment]
    return out


def test_there_is_no_moving_line_in_ci_in_a_file_or_where_more_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    assert isinstance(progress(reporter(), 3), Progress)
    assert progress(None, 3) is None
    assert progress(reporter(), 0) is None
    assert progress(reporter(isatty=False), 3) is None
    assert progress(reporter(verbose=1), 3) is None
    monkeypatch.setenv("CI", "true")
    assert progress(reporter(), 3) is None


def test_on_a_terminal_one_line_stands_for_the_dots(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    environment.pop("CI", None)
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--target=good:app", FEW],
        cwd=tmp_path,
        stdout=child,
        stderr=child,
        env=environment,
    )
    os.close(child)
    seen = b""
    while True:
        try:
            chunk = os.read(parent, 65536)
        except OSError:  # Linux says so when the other side has gone
            break
        if not chunk:
            break
        seen += chunk
    os.close(parent)
    assert process.wait(30) == 0
    text = seen.decode()
    assert "\r\x1b[2Kconformance ━━━━━━━━━━━━━━━━━━━━━━━━ 5/5" in text
    assert "....." not in text
    assert "5 passed" in text
