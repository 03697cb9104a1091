"""The plugin as pytest sees it: options, collection, selection, outcomes. Without --target it is not there."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from targets_for_plugin import FEW, MODULES

from asgi_conformance import plugin
from asgi_conformance.report.files import load

pytest_plugins = ["pytester"]

CODE_4001 = ("--case=close.client.code[4000-*", "--case=close.client.code[4001-*")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(**MODULES)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*arguments, timeout=60)


# Without --target


def test_the_idle_plugin_imports_pytest_and_the_standard_library_only() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import asgi_conformance.plugin\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names)))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('asgi_conformance')))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert out == ["asgi_conformance", "asgi_conformance asgi_conformance.plugin"]


def test_without_target_nothing_is_collected_or_imported(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_own="""
        import sys

        def test_own():
            ours = [name for name in sys.modules if name.startswith("asgi_conformance")]
            assert set(ours) <= {"asgi_conformance", "asgi_conformance.plugin"}
            assert not {"websockets", "rich", "jinja2", "httpx"} & set(sys.modules)
        """
    )
    result = run(project, "-v", "-p", "no:anyio", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*conformance:*")


def test_options_do_not_clash_with_those_of_pytest() -> None:
    from _pytest.config import get_config

    config = get_config()
    names: set[str] = set()
    dests: set[str] = set()
    for option in config._parser._anonymous.options + [o for g in config._parser._groups for o in g.options]:
        if not option.dest.startswith("asgi_conformance"):
            names.update(option.names())
            dests.add(option.dest)
    assert "--strict" in names or "--strict-markers" in names
    assert not names & set(plugin.OPTIONS)
    assert not dests & {plugin._destination(name) for name in plugin.OPTIONS}


# Collection and selection


def test_node_ids_are_collected_and_counted_without_a_server(project: pytest.Pytester) -> None:
    result = run(project, "--target=nosuch:app", FEW, "--collect-only", "-q")
    assert result.ret == 0
    lines = [line for line in result.outlines if line.startswith("conformance::")]
    assert "conformance::close.client.code[1000-bye]" in lines
    assert len(lines) == 5
    assert all(line.isascii() and " " not in line for line in lines)
    result.stdout.fnmatch_lines(["*5 tests collected*"])


def test_target_alone_collects_the_suite_and_testpaths_do_not_count(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_own(): pass")
    project.makeini("[pytest]\ntestpaths = .\n")
    alone = run(project, "--target=good:app", FEW, "--collect-only", "-q")
    alone.stdout.fnmatch_lines(["*5 tests collected*"])
    both = run(project, "--target=good:app", FEW, "--collect-only", "-q", "test_own.py")
    both.stdout.fnmatch_lines(["test_own.py::test_own", "conformance::close.client.code*", "*6 tests collected*"])


def test_a_node_id_on_the_command_line_selects_one_case(project: pytest.Pytester) -> None:
    project.mkdir("conformance").joinpath("__init__.py").touch()
    result = run(project, "--target=good:app", "conformance::close.client.code[1000-bye]", "-v")
    result.stdout.fnmatch_lines(["conformance::close.client.code[[]1000-bye[]] PASSED*"])
    result.assert_outcomes(passed=1)
    own = "test_own.py"
    project.makepyfile(test_own="def test_own(): pass")
    run(project, "--target=good:app", "conformance::close.client.code[1000-bye]", own).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-k", "bye"], 1),
        (["-k", "not bye"], 4),
        (["--deselect", "conformance::close.client.code[1000-bye]"], 4),
        (["-m", "close and server and must"], 5),
        (["-m", "framework"], 5),
        (["-m", "surface"], 0),
        (["--strict-markers", "-W", "error", "-m", "probe"], 5),
    ],
)
def test_pytest_selects_cases_as_tests(project: pytest.Pytester, arguments: list[str], expected: int) -> None:
    result = run(project, "--target=good:app", FEW, "--collect-only", "-q", *arguments)
    assert len([line for line in result.outlines if line.startswith("conformance::")]) == expected
    assert "PytestUnknownMarkWarning" not in result.stdout.str() + result.stderr.str()


def test_markers_are_listed(project: pytest.Pytester) -> None:
    result = run(project, "--target=good:app", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.server: *", "@pytest.mark.must: *", "@pytest.mark.probe: *"])


@pytest.mark.parametrize("profile", ["framework", "server"])
def test_a_profile_runs_the_cases_that_concern_it(project: pytest.Pytester, profile: str) -> None:
    everything = run(project, "--target=good:app", "--collect-only", "-q").parseoutcomes()
    chosen = run(project, "--target=good:app", "--collect-only", "-q", f"--conformance-profile={profile}")
    other = run(project, "--target=good:app", "--collect-only", "-q", "-m", profile)
    lines = [line for line in chosen.outlines if line.startswith("conformance::")]
    assert 0 < len(lines) <= next(iter(everything.values()))
    assert lines == [line for line in other.outlines if line.startswith("conformance::")]


# Outcomes


def test_a_right_target_passes_under_every_strict_setting_of_the_user(project: pytest.Pytester) -> None:
    project.makeini(
        "[pytest]\nxfail_strict = true\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n"
    )
    known = "--case=close.client.mid-message*"
    result = run(project, "--target=good:app", FEW, known, "-r", "xX")
    counts = result.parseoutcomes()
    assert result.ret == 0, result.stdout.str()
    assert counts.get("passed", 0) >= 5
    assert counts.get("xfailed", 0) >= 1
    assert not {"failed", "errors", "xpassed"} & set(counts)
    result.stdout.fnmatch_lines(["XFAIL conformance::*uvicorn.*"])


def test_known_deviations_fail_when_asked(project: pytest.Pytester) -> None:
    for option in ("--conformance-strict=known", "--runxfail"):
        result = run(project, "--target=good:app", "--case=close.client.mid-message*", option)
        assert result.ret == 1
        assert result.parseoutcomes().get("failed", 0) >= 1
        result.stdout.fnmatch_lines(["KNOWN  close.client.mid-message*", "  deviation    uvicorn.*"])


def test_a_breach_reads_as_the_documentation_says(project: pytest.Pytester) -> None:
    result = run(project, "--target=rewrites:app", *CODE_4001, "--report=r.json", "--report=r.html", "--report=r.md")
    assert result.ret == 1
    result.assert_outcomes(passed=5, failed=5)
    result.stdout.fnmatch_lines(
        [
            "FAIL  close.client.code[[]4001-bye[]]      server: uvicorn *",
            "  requirement  asgi.disconnect.code · MUST · ASGI WebSocket specification, Disconnect *",
            "  expected     websocket.disconnect code=4001 reason='bye'",
            "  observed     websocket.disconnect code=1000 reason='bye'*",
            "  fault        middleware: rewrites.CloseRewriter (rewrites.py:3)",
            "  reproduce    pytest --target=rewrites:app --case='close.client.code[[]4001-bye[]]'",
            "*ASGI WebSocket conformance*",
            "*What to mend first*",
            " 1. FAIL middleware: rewrites.CloseRewriter (rewrites.py:3)  (5 cases)",
            "reports *r.json, r.html, r.md",
        ]
    )
    report = load(project.path / "r.json")
    assert report["summary"]["verdict"] == "fail"
    assert report["command"].startswith("pytest ")
    assert " --target=rewrites:app " in report["command"]
    assert report["coverage"]["close_codes"]["covered"] == 2
    assert report["coverage"]["close_codes"]["total"] > 60
    assert report["coverage"]["requirements"]["missing"]
    assert (project.path / "r.html").stat().st_size > 1000


def test_repeat_runs_each_case_so_often(project: pytest.Pytester) -> None:
    result = run(project, "--target=good:app", FEW, "--repeat=3", "--report=r.json")
    result.assert_outcomes(passed=5)
    cases = load(project.path / "r.json")["cases"]
    assert [len(case["attempts"]) for case in cases] == [3] * 5


# pytest's usual options while running


def test_last_failed_failed_first_and_stepwise(project: pytest.Pytester) -> None:
    target = ("--target=rewrites:app", *CODE_4001)
    assert run(project, *target).ret == 1
    lf = run(project, *target, "--lf")
    lf.assert_outcomes(failed=5, deselected=5)
    ff = run(project, *target, "--ff", "--collect-only", "-q")
    assert ff.outlines[0].startswith("conformance::close.client.code[4001")
    assert run(project, *target, "--sw").parseoutcomes() == {"passed": 5, "failed": 1}
    again = run(project, *target, "--sw")
    assert again.parseoutcomes() == {"deselected": 5, "failed": 1}


@pytest.mark.parametrize(("option", "failed"), [("-x", 1), ("--maxfail=2", 2)])
def test_an_early_end_is_a_partial_report(project: pytest.Pytester, option: str, failed: int) -> None:
    result = run(project, "--target=rewrites:app", *CODE_4001, option, "--report=r.json")
    assert result.ret == 1
    result.assert_outcomes(passed=5, failed=failed)
    report = load(project.path / "r.json")
    assert len(report["cases"]) == 5 + failed
    assert [f"{5 + failed} of 10" in reason for reason in report["partial_reasons"]] == [True]


def test_junit_xml_names_requirement_level_and_layer(project: pytest.Pytester) -> None:
    run(project, "--target=rewrites:app", *CODE_4001, "--junitxml=j.xml", "--durations=2", "-q")
    cases = {case.get("name"): case for case in ElementTree.parse(project.path / "j.xml").iter("testcase")}
    assert len(cases) == 10
    assert {case.get("classname") for case in cases.values()} == {"conformance"}
    found = {p.get("name"): p.get("value") for p in cases["close.client.code[4001-bye]"].iter("property")}
    assert found == {"requirement": "asgi.disconnect.code", "level": "MUST", "layer": "middleware", "verdict": "fail"}
    passed = {p.get("name"): p.get("value") for p in cases["close.client.code[4000-bye]"].iter("property")}
    assert passed["verdict"] == "pass"
    assert "asgi.disconnect.code" in passed["requirement"]


@pytest.mark.parametrize("options", [["-p", "no:terminal"], ["-q"], ["-v"], ["-p", "no:cacheprovider"], ["-s"]])
def test_other_ways_to_print(project: pytest.Pytester, options: list[str]) -> None:
    result = run(project, "--target=good:app", FEW, "--report=r.json", *options)
    assert result.ret == 0
    assert load(project.path / "r.json")["summary"]["passed"] == 5
    if options == ["-v"]:
        result.stdout.fnmatch_lines(["conformance::close.client.code[[]1000-none[]] PASSED*"])


def test_durations_are_those_of_the_cases(project: pytest.Pytester) -> None:
    result = run(project, "--target=good:app", FEW, "--durations=2", "--durations-min=0")
    result.stdout.fnmatch_lines(["*slowest 2 durations*", "*s call *conformance::close.client.code*"])


def test_a_plugin_that_watches_items_sees_them_all(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        seen = []

        def pytest_runtest_setup(item):
            seen.append(item.nodeid)

        def pytest_sessionfinish():
            open("seen.txt", "w").write("\\n".join(seen))
        """
    )
    run(project, "--target=good:app", FEW).assert_outcomes(passed=5)
    assert len(Path(project.path / "seen.txt").read_text().splitlines()) == 5


def test_fixtures_of_the_users_own_tests_are_torn_down(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_own="""
        import pytest

        @pytest.fixture(scope="session")
        def held():
            yield
            open("gone.txt", "w").close()

        def test_own(held): pass
        """
    )
    run(project, "--target=good:app", FEW, "test_own.py").assert_outcomes(passed=6)
    assert (project.path / "gone.txt").exists()
