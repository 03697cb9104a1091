"""The archive's data and its comparison; nothing is installed and nothing is run."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from archive.environments import BuildError, interpreter
from archive.outcome import outcome
from archive.rows import APPS, Environment, RowsError, Sign, left_out, load
from archive.run import main, markdown
from asgi_conformance import requirements
from asgi_conformance.cases import load as load_cases
from asgi_conformance.cases.routes import WAYS
from asgi_conformance.options import _server as read_server

ROWS = load()
IDS = ["S1", "S3", "S5", "S5b", "S8", "S9", "S10", "F1", "F3", "A1", "A3", "N2", "K3", "C2"]
SERVER_IDS = """
U01 U02 U04 U04b U06 U06b U07b U08 U09 U09b U09c U10b U10d U13 U14 U14b U15 U17 U17b U18 U18b U19 U24 U27 W02
G03 G05 G07 G08 G10 G16 H01 H01b H04 H11 D01 D03
U05 U05b U10a U10c U11 U12 U12b U28 U28b U29 U29b U30b U31 U21 U23 G04 G06 G09 G11
""".split()
LEFT_OUT = ["U10e", "U18c", "U18d", "G01", "G14", "H03", "U30", "S11"]
GOOD = """
[[row]]
id = "X"
title = "t"
reference = "r"
python = "3.10"
both = ["uvicorn==0.30.6", "pydantic<2"]
buggy = ["starlette==0.31.1"]
good = ["starlette==0.32.0"]
target = "starlette_echo:app"
cases = ["close.*"]
found = [{ requirement = "starlette.*", verdicts = ["fail"] }]
"""


def test_every_row_is_there_once() -> None:
    assert [row.id for row in ROWS] == IDS + SERVER_IDS
    assert [bug.id for bug in left_out()] == LEFT_OUT
    assert all(bug.title and bug.why.endswith(".") for bug in left_out())


def test_a_row_of_a_server_finds_the_server_at_fault() -> None:
    for row in ROWS[len(IDS) :]:
        name = row.server.partition(":")[0]
        assert read_server(row.server)[0] == name
        assert any(pin.startswith(f"{name}==") for pin in row.buggy.pins)
        assert {sign.layer for sign in row.found} == {"server"}
        # Any finding at all could be that of another bug of the same release.
        assert "*" not in {sign.requirement for sign in row.found}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_a_row_runs_is_there(row: Any) -> None:
    known = {case.id for case in load_cases()} | set(WAYS)
    assert all(any(id.startswith(case.partition("*")[0].partition("[")[0]) for id in known) for case in row.cases)
    assert {sign.on for sign in row.found} <= {"buggy", "good"}
    for sign in row.found:
        exact = sign.requirement
        # What a framework of its own documents comes with the suite's support for it.
        assert "*" in exact or exact in requirements.load()


@pytest.mark.parametrize("path", sorted(APPS.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_every_app_belongs_to_a_row_and_knows_nothing_of_the_suite(path: Any) -> None:
    assert path.stem in {row.target.partition(":")[0] for row in ROWS}
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert "conformance" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"starlette==0.31.1"', '"starlette>=0.31"', "is not a pin"),
        ('"starlette==0.31.1"', '"starlette==0.32.0"', "both sides are the same"),
        ('python = "3.10"', 'python = "3"', "is not a version of Python"),
        ('python = "3.10"', "", "python is missing"),
        ('title = "t"', 'title = "t"\ncolour = "red"', "colour is not known"),
        ('"starlette_echo:app"', '"nowhere:app"', "there is no nowhere:app"),
        ("requirement =", "demand =", "demand"),
    ],
)
def test_a_wrong_row_is_one_line(old: str, new: str, says: str) -> None:
    with pytest.raises(RowsError, match=says):
        load(GOOD.replace(old, new))
    with pytest.raises(RowsError, match="given twice: X"):
        load(GOOD + GOOD)


def test_environments_with_the_same_pins_are_shared() -> None:
    (row,) = load(GOOD)
    assert row.buggy.name == "py3.10-uvicorn-0.30.6-pydantic-below-2-starlette-0.31.1"
    assert row.buggy == Environment("3.10", ("uvicorn==0.30.6", "pydantic<2", "starlette==0.31.1"))


def report(verdict: str, observed: str = "x", case: str = "close.a") -> dict[str, Any]:
    finding = {"requirement": "starlette.r", "verdict": verdict, "layer": "framework", "observed": observed}
    return {"error": None, "cases": [{"id": case, "findings": [finding]}]}


@pytest.mark.parametrize(
    ("buggy", "good", "found"),
    [
        (report("fail"), report("pass"), True),
        (report("fail"), report("fail", "y"), False),
        (report("fail"), {"error": None, "cases": []}, True),
        (report("pass"), report("fail"), False),
        (report("note", "x"), report("pass"), True),
        (report("note", "x"), report("note", "y"), True),
        (report("note", "x"), report("note", "x"), False),
        (report("fail", case="other"), report("pass", case="other"), False),
        (report("fail"), {"error": None, "cases": [{"id": "close.a", "verdict": "error", "findings": []}]}, False),
    ],
)
def test_a_bug_is_what_stands_on_one_side_only(buggy: Any, good: Any, found: bool) -> None:
    (row,) = load(GOOD.replace('verdicts = ["fail"]', 'case = "close.*"'))
    assert outcome(row, buggy, good).detected is found


def test_a_sign_may_stand_on_the_good_side() -> None:
    (row,) = load(GOOD.replace('verdicts = ["fail"]', 'verdicts = ["pass"], on = "good"'))
    assert row.found == (Sign(requirement="starlette.*", verdicts=("pass",), on="good"),)
    assert outcome(row, {"error": None, "cases": []}, report("pass")).detected


def test_a_side_that_did_not_start_is_told() -> None:
    (row,) = load(GOOD)
    broken = {"error": {"phase": "server", "message": "no uvicorn"}, "cases": []}
    one = outcome(row, broken, report("pass"))
    assert (one.detected, one.why) == (False, "no uvicorn")
    assert markdown([one]).splitlines()[-1].startswith("| X | t | starlette==0.31.1 | starlette==0.32.0 | **no** |")


def test_a_python_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BuildError, match=r"there is no Python 3\.999"):
        interpreter("3.999")


def test_a_row_that_is_not_known_is_status_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["S99"]) == 4
    assert "there is no row S99" in capsys.readouterr().err
