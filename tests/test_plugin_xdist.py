"""Under pytest-xdist: each worker has a target of its own; the controller starts none and writes the reports."""

from __future__ import annotations

import pytest
from targets_for_plugin import MODULES

from asgi_conformance.report.files import load

pytest.importorskip("xdist")
pytest_plugins = ["pytester"]

CASES = ("--case=close.client.code[4000-*", "--case=close.client.code[4001-*")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(**MODULES)
    return pytester


def test_workers_hand_results_up(project: pytest.Pytester) -> None:
    marker = project.path / "starts.txt"
    project.makepyfile(counted=f"from rewrites import app\nopen({str(marker)!r}, 'a').write('started\\n')\n")
    result = project.runpytest_subprocess(
        "--target=counted:app", *CASES, "-n", "2", "--report=r.json", "--junitxml=j.xml", timeout=90
    )
    assert result.ret == 1
    result.assert_outcomes(passed=5, failed=5)
    assert marker.read_text().count("started") == 2
    result.stdout.fnmatch_lines(["*fault *rewrites.CloseRewriter*", "*ASGI WebSocket conformance*", "*reports *r.json"])
    report = load(project.path / "r.json")
    assert len(report["cases"]) == 10
    assert report["summary"]["failed"] == 5
    assert report["servers"][0]["name"] == "uvicorn"
    assert report["target"]["framework"]["name"] == "starlette"
    assert report["partial_reasons"] == []
    assert all(case["trace"] for case in report["cases"])
    assert 'value="asgi.disconnect.code"' in (project.path / "j.xml").read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--target=raises:app"], "*cannot start the target: *no [[]/bye[]] import*"),
        (["--target=good:app", "--python=/no/python"], "*cannot start the target: cannot run /no/python: *"),
        (["--target=good:app", "--case=close.client.cod"], '*did you mean "close.client.code"?'),
    ],
)
def test_a_start_that_fails_is_told_once(project: pytest.Pytester, arguments: list[str], line: str) -> None:
    result = project.runpytest_subprocess(*arguments, "-n", "2", "--report=r.json", timeout=90)
    assert result.ret == 4
    assert len([text for text in result.errlines if text.startswith("ERROR: ")]) == 1
    result.stderr.fnmatch_lines([line])
    assert "INTERNALERROR" not in result.stdout.str()
    assert load(project.path / "r.json")["summary"]["verdict"] == "error"
