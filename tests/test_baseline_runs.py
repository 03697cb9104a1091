"""The baseline as a user meets it: runs that accept, mend, expire and are told what is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from targets_for_plugin import MODULES

from asgi_conformance.baseline import Baseline, Entry, parse
from asgi_conformance.model import Attempt, Case, Finding, Layer, Level, Result, Trace, Verdict
from asgi_conformance.report.files import load as report_of

pytest_plugins = ["pytester"]

CODE = "asgi.disconnect.code"
IDS = ("close.client.code[4000-bye]", "close.client.code[4001-bye]", "close.client.none", "handshake.accept")
BASIC = {"case": IDS[1], "requirement": CODE, "observed": "code=1000", "reason": "for now"}


def toml(**values: Any) -> str:
    """One entry as text: `BASIC` with some values changed, None takes a key away."""
    given = {key: value for key, value in {**BASIC, **values}.items() if value is not None}
    lines = [f"{key} = {value if isinstance(value, date) else _quoted(value)}" for key, value in given.items()]
    return "[[accept]]\n" + "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    return str(value) if isinstance(value, list) else f'"{value}"' if isinstance(value, str) else str(value).lower()


def entry(**values: Any) -> Entry:
    return parse(toml(**values), "b.toml")[0]


def baseline(text: str) -> Baseline:
    return Baseline(Path("b.toml"), "b.toml", text, parse(text, "b.toml"))


def result(case: str, *observed: str, verdict: Verdict = Verdict.FAIL, server: str = "uvicorn", by: str = "") -> Result:
    """A case in which so much was observed wrongly; with nothing wrong it passed."""
    id, _, row = case.rstrip("]").partition("[")
    findings = tuple(
        Finding(CODE, Level.MUST, Layer.SERVER, verdict, Layer.MIDDLEWARE, "inner", "code=4001", text, deviation=by)
        for text in observed
    )
    came = verdict if observed else Verdict.PASS
    script = Case(id, "", "close", (CODE,), row=row)
    return Result(script, f"conformance::{case}", server, came, None, (Attempt(came, findings, Trace(()), 1),))


FIVE = "--case=close.client.code[4001-*"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(**MODULES)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*arguments, timeout=90)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_newcomer_accepts_what_fails_and_later_mends_it(project: pytest.Pytester, workers: tuple[str, ...]) -> None:
    words = ("--target=rewrites:app", FIVE, "--case=close.client.code[4000-*", "--baseline=b.toml", *workers)
    missing = run(project, *words)
    assert missing.ret == 4
    missing.stderr.fnmatch_lines(["ERROR: --baseline=b.toml: there is no such file; --update-baseline writes it*"])

    first = run(project, *words, "--update-baseline")
    assert first.ret == 0
    first.assert_outcomes(passed=5, xfailed=5)
    first.stdout.fnmatch_lines(["known *baseline:*", "baseline *wrote b.toml: 5 added, 0 removed, 0 kept; say why *"])
    written = (project.path / "b.toml").read_text()

    again = run(project, *words, "-rx", "--report=r.json", "--report=r.html", "--report=r.md")
    assert again.ret == 0
    again.assert_outcomes(passed=5, xfailed=5)
    again.stdout.fnmatch_lines(["XFAIL conformance::close.client.code* - baseline:*"])
    report = report_of(project.path / "r.json")
    assert report["summary"]["verdict"] == "pass"
    assert report["baseline"] == {"file": "b.toml", "entries": 5, "stale": [], "expired": [], "updated": ""}
    assert {d["title"] for d in report["deviations"]} == {"TODO: say why this is accepted"}
    assert run(project, *words, "--update-baseline").ret == 0
    assert (project.path / "b.toml").read_text() == written

    mended = ("--target=good:app", *words[1:])
    stale = run(project, *mended, "--report=r.json")
    assert stale.ret == 1
    stale.assert_outcomes(passed=10)
    stale.stdout.fnmatch_lines(
        ["Stale entries in the baseline", "*b.toml:4: baseline:1 is stale: asgi.disconnect.code*"]
    )
    assert report_of(project.path / "r.json")["summary"]["verdict"] == "fail"

    assert run(project, *mended, "--update-baseline").ret == 0
    assert "[[accept]]" not in (project.path / "b.toml").read_text()
    assert run(project, *mended).ret == 0


def accept(project: pytest.Pytester, **values: Any) -> None:
    text = toml(**{"case": FIVE[7:], "observed": "websocket.disconnect code=1000 *", **values})
    project.path.joinpath("b.toml").write_text(text)


def test_another_observation_still_fails(project: pytest.Pytester) -> None:
    accept(project, observed="websocket.disconnect code=1001 *")
    result = run(project, "--target=rewrites:app", FIVE, "--baseline=b.toml")
    assert result.ret == 1
    assert result.parseoutcomes()["failed"] == 5
    result.stdout.fnmatch_lines(["*b.toml:1: baseline:1 is stale: *"])


def test_conditions_and_strict_count_in_a_run(project: pytest.Pytester) -> None:
    words = ("--target=rewrites:app", FIVE)
    project.path.joinpath("pyproject.toml").write_text('[tool.asgi-conformance]\nbaseline = "b.toml"\n')
    accept(project, server="uvicorn", server_version=">=0.1", framework="starlette", layer="middleware")
    assert run(project, *words).parseoutcomes() == {"xfailed": 5}
    assert run(project, *words, "--conformance-strict=known").parseoutcomes() == {"failed": 5}
    assert run(project, *words, "--baseline=").parseoutcomes() == {"failed": 5}
    accept(project, server="uvicorn", server_version="<0.1")
    other = run(project, *words)
    assert other.parseoutcomes() == {"failed": 5}
    other.stdout.no_fnmatch_line("*stale*")


def test_a_selection_that_leaves_its_cases_out_makes_no_entry_stale(project: pytest.Pytester) -> None:
    accept(project)
    words = ("--target=good:app", "--baseline=b.toml")
    assert run(project, *words, "--case=close.client.code[4000-bye]").ret == 0
    assert run(project, *words, FIVE, "-k", "bye").ret == 0
    assert run(project, *words, FIVE).ret == 1


def test_an_expired_entry_covers_nothing_and_fails_the_run(project: pytest.Pytester) -> None:
    accept(project, expires=date(2001, 1, 31))
    result = run(project, "--target=rewrites:app", FIVE, "--baseline=b.toml", "--report=r.md")
    assert result.ret == 1
    assert result.parseoutcomes()["failed"] == 5
    result.stdout.fnmatch_lines(
        ["Expired entries in the baseline", "*b.toml:1: baseline:1 expired on 2001-01-31: for now"]
    )
    right = run(project, "--target=good:app", FIVE, "--baseline=b.toml")
    assert right.ret == 1
    right.assert_outcomes(passed=5)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_an_entry_of_no_case_ends_the_run_before_it_begins(project: pytest.Pytester, workers: tuple[str, ...]) -> None:
    accept(project, case="close.client.code[4001-bie]")
    result = run(project, "--target=good:app", FIVE, "--baseline=b.toml", *workers)
    assert result.ret == 4
    result.stderr.fnmatch_lines(['ERROR: b.toml:1: *matches no case; did you mean "close.client.code*4001-bye*'])
    assert "Traceback" not in result.stderr.str()


def test_an_update_needs_a_file_and_says_what_it_could_not_write(project: pytest.Pytester) -> None:
    words = ("--target=good:app", "--case=close.client.code[4000-bye]", "--update-baseline")
    unnamed = run(project, *words)
    assert unnamed.ret == 4
    unnamed.stderr.fnmatch_lines(["ERROR: --update-baseline: write which file, such as --baseline=*"])
    project.path.joinpath("file").write_text("")
    assert run(project, *words, "--baseline=file/b.toml").ret == 4
    assert run(project, *words, "--baseline=new/b.toml").ret == 0
    assert project.path.joinpath("new/b.toml").read_text().startswith("# Findings of asgi-conformance")


ROUTES = """
import os
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def leave(ws):
    await ws.accept()
    await ws.close()
    os._exit(3)

async def once(ws):
    await ws.accept()
    while True:
        await ws.receive_text()

app = Starlette(routes=[WebSocketRoute("/leave", leave), WebSocketRoute("/once", once)])
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_findings_of_routes_are_accepted_even_a_crash(project: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """One cause is one finding, in the first case that shows it: accepted there, it does not come up in the next."""
    project.makepyfile(routes=ROUTES)
    cases = ("route.close-*[/once]", "route.binary[/once]", "route.close-1000[/leave]")
    words = ("--target=routes:app", *(f"--case={case}" for case in cases), "--baseline=b.toml", *workers)
    words += ("--conformance-strict",)
    assert run(project, *words, "--update-baseline").ret == 0
    text = (project.path / "b.toml").read_text()
    assert "routes.py:*" in text
    assert "the process ended" in text
    # The lines move with every edit.
    project.path.joinpath("routes.py").write_text("# one more line\n" + ROUTES)
    again = run(project, *words)
    assert again.ret == 0, again.stdout.str()
    outcomes = again.parseoutcomes()
    assert outcomes.pop("xfailed") == 3
    assert set(outcomes) == {"passed"}
