"""docs/requirements.md, and the requirements of a report: every one with its cases, or with the reason why none."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance import cases, cli, requirements
from asgi_conformance.report import matrix
from asgi_conformance.report.traceability import COMMAND
from asgi_conformance.report.traceability import matrix as page_of

PAGE = Path(__file__).parent.parent / "docs" / "requirements.md"


def test_the_page_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(COMMAND.split()[1:]) == 0
    assert PAGE.read_text("utf-8") == capsys.readouterr().out, f"write it again: {COMMAND} > docs/requirements.md"


def test_each_requirement_has_one_row_with_its_cases_or_the_reason() -> None:
    deciding = cases.deciding()
    rows = [line for line in page_of(deciding) if line.startswith("| `")]
    assert [line.split("`")[1] for line in rows] == list(requirements.load())
    for line, requirement in zip(rows, requirements.load().values(), strict=True):
        assert line.count(" | ") == 5
        named = line.rpartition(" | ")[2]
        assert named.startswith("none: ") == (requirement.id not in deciding)
        assert len(named) > 6
    assert deciding.keys() == cases.cited()


def test_the_whole_page_goes_with_no_other_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["requirements", "--matrix", "--level=MUST"]) == 2
    assert "goes with no other option" in capsys.readouterr().err


def of_report(*ids: str, **cited: tuple[str, ...]) -> dict[str, Any]:
    chosen = {id: dataclasses.asdict(requirements.get(id)) for id in ids}
    same: dict[str, Any] = {"server": "s", "findings": [], "tags": {}}
    ran = [{"id": id, "requires": list(names), **same} for id, names in cited.items()]
    return {"requirements": chosen, "cases": ran, "servers": [{"id": "s"}]}


def test_a_report_names_the_cases_of_a_requirement_and_the_reason_where_there_are_none() -> None:
    decided, undecided = "asgi.scope.path", "asgi.ping.keepalive"
    ran = {f"scope.c{n}[row]": (decided,) for n in range(6)} | {"scope.c0[other]": (decided,)}
    (document,) = matrix.requirements(of_report(decided, undecided, **ran))
    (row,) = document["rows"]
    assert row["scripts"] == [("scope.c0", 2), ("scope.c1", 1), ("scope.c2", 1), ("scope.c3", 1)]
    assert row["others"] == 2
    assert [each["id"] for each in document["undecided"]] == [undecided]
    assert document["undecided"][0]["no_case"]
