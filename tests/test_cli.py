"""The command line beside pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sample_report import sample

from asgi_conformance import __version__, cases, cli, deviations, requirements
from asgi_conformance.deployed import cases as deployed
from asgi_conformance.report.files import write


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Path, Path]:
    """A report, and one in which one case that passed has failed."""
    before = sample()
    after: dict[str, Any] = json.loads(json.dumps(before))
    case = next(case for case in after["cases"] if case["verdict"] == "pass")
    case["verdict"] = "fail"
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for report, path in zip((before, after), paths, strict=True):
        write(report, path)
    return paths


def test_list_names_each_case_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [case.full_id for case in (*cases.load(), *deployed.load())]
    assert not any("\x1b" in line for line in lines)
    assert cli.main(["list", "close.client.code[4001-*", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "close.client.code[4001-bye]" in [entry["id"] for entry in found]
    assert {entry["section"] for entry in found} == {"close"}


@pytest.mark.parametrize("id", ["close.client.code[4001-bye]", "close.client.code"])
def test_explain_draws_a_case_and_says_what_it_decides(id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", id]) == 0
    out = capsys.readouterr().out
    for text in ("client ", "application", "accept()", "WebSocketDisconnect(", "asgi.disconnect.code", "MUST · server"):
        assert text in out


def test_every_case_and_every_requirement_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    one_of_each = {case.id: case.full_id for case in cases.load()}
    sections: dict[str, str] = {}
    for id, full_id in one_of_each.items():
        sections.setdefault(id.partition(".")[0], full_id)
    for id in (*sections.values(), *list(requirements.load())[::12]):
        assert cli.main(["explain", id]) == 0
        assert cli.main(["explain", id, "--json"]) == 0
    capsys.readouterr()


def test_explain_a_requirement(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "asgi.disconnect.code"]) == 0
    out = capsys.readouterr().out
    assert requirements.get("asgi.disconnect.code").statement in out
    assert "https://" in out
    assert "close.client.code (" in out


def test_explain_a_known_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "uvicorn.lost-1005"]) == 0
    out = capsys.readouterr().out
    for text in ("observed: code=1005", "asgi.disconnect.lost-code", "Why it matters", "How to mend", "lost.open"):
        assert text in out
    assert cli.main(["explain", "uvicorn.lost-1005", "--json"]) == 0
    assert "lost.open" in json.loads(capsys.readouterr().out)["cases"]


@pytest.mark.parametrize(
    ("id", "shown"),
    [
        # One row of a case; a framework that no case names; the target's own routes; what a case does not cite.
        ("uvicorn.http-1.0-accepted", "handshake.malformed"),
        ("sanic.close-does-nothing", "close.app.code"),
        ("sanic.lifespan-demanded", "route.burst"),
        ("granian.denial-header-twice-aborts", "handshake.denied"),
    ],
)
def test_a_deviation_names_the_cases_that_can_show_it(id: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", id, "--json"]) == 0
    assert shown in json.loads(capsys.readouterr().out)["cases"]


def test_every_deviation_can_be_seen_in_some_case(capsys: pytest.CaptureFixture[str]) -> None:
    for deviation in deviations.load():
        assert cli.main(["explain", deviation.id, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["cases"], deviation.id


def test_what_decides_a_requirement_is_said_for_every_framework(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["requirements", "--json"]) == 0
    listed = {entry["id"]: entry["cases"] for entry in json.loads(capsys.readouterr().out)}
    # What has no case may be decided for an endpoint that already runs.
    decided = {id for id, names in listed.items() if any(not name.startswith("url.") for name in names)}
    assert decided == {id for id, each in requirements.load().items() if not each.no_case}
    assert listed["falcon.close.reason"] == ["close.app.code", "close.app.default"]
    assert cli.main(["explain", "falcon.close.reason"]) == 0
    assert "Decided by 145 cases\n  close.app.code (144)\n" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["list", "explain", "requirements", "render", "compare", "merge", "replay"])
def test_every_command_has_json_and_says_its_exit_status(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    out = capsys.readouterr().out
    assert "--json" in out
    assert "exit status:" in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["explain", "close.clien.code"],
            'no case, requirement or deviation "close.clien.code"; did you mean "close.client.code"?',
        ),
        (["explain", "asgi.disconnect.cod"], 'did you mean "asgi.disconnect.code"?'),
        (["list", "close.client.code[4001-by]"], 'did you mean "close.client.code[4001-bye]"?'),
        (["render", "nowhere.json", "-o", "r.html"], "cannot read nowhere.json: No such file or directory"),
        (["render", "nowhere.json", "-o", "r.txt"], "r.txt: unknown format; use one of .html, .json, .md, .svg"),
    ],
)
def test_what_is_not_there_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("asgi-conformance: ")
    assert err.count("\n") == 1
    assert line in err


def test_requirements_are_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["requirements", "--level", "must", "--binds", "framework", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found
    assert {(entry["level"], entry["binds"]) for entry in found} == {("MUST", "framework")}
    assert cli.main(["requirements"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(requirements.load())


@pytest.mark.parametrize("suffix", [".html", ".md", ".svg", ".json"])
def test_render_writes_every_format(reports: tuple[Path, Path], suffix: str) -> None:
    out = reports[0].with_name("new" + suffix)
    assert cli.main(["render", str(reports[0]), "-o", str(out)]) == 0
    assert out.stat().st_size > 100


def test_render_refuses_what_is_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert cli.main(["render", str(tmp_path / "a.json"), "-o", str(tmp_path / "a.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


INCOMPLETE: dict[str, Any] = {"cases": [{}], "suite": None, "environment": 3, "servers": 3, "summary": []}
ASKED = (
    *(["render", "b.json", "-o", f"o{suffix}"] for suffix in (".html", ".md", ".svg")),
    *(["compare", "a.json", "b.json"], ["merge", "a.json", "b.json", "-o", "o.json"]),
    ["replay", "close.client.code[4001-bye]", "--report=b.json"],
)


@pytest.mark.parametrize("part", INCOMPLETE)
@pytest.mark.parametrize("arguments", ASKED, ids=lambda words: f"{words[0]}-{words[-1]}")
def test_a_report_that_is_not_whole_is_one_line(
    part: str,
    arguments: list[str],
    reports: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A format that does not need the part is written all the same."""
    monkeypatch.chdir(reports[1].parent)
    report = json.loads(reports[1].read_text("utf-8"))
    reports[1].write_text(json.dumps({**report, part: INCOMPLETE[part]}), "utf-8")
    status = cli.main(arguments)
    err = capsys.readouterr().err
    assert err.count("\n") == (1 if status == 2 else 0)
    if part == "cases" and arguments[-1] not in ("o.md", "o.svg"):
        assert "is not complete (KeyError: " in err


def test_compare_fails_on_a_regression_only(reports: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    a, b = map(str, reports)
    assert cli.main(["compare", a, a]) == 0
    assert capsys.readouterr().out == "no difference\n"
    assert cli.main(["compare", a, b]) == 1
    assert capsys.readouterr().out.startswith("regressed (1)\n")
    assert cli.main(["compare", b, a, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["fixed"]) == 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = (
        f"{sys.executable} -c 'import sys; from asgi_conformance.cli import main; sys.exit(main([\"list\"]))' | head -1"
    )
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"asgi-conformance {__version__}\n"
