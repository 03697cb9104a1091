"""report/document.py, derived.py, causes.py, plain.py, files.py: the report as data, and as files."""

from __future__ import annotations

import dataclasses
import json
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sample_cases import client_close, results
from sample_data import SERVERS, STATES, requirements
from sample_report import sample

from asgi_conformance import report as report_package
from asgi_conformance.model import Case, Result, Verdict
from asgi_conformance.report import build, files, load, write
from asgi_conformance.report.plain import plain
from asgi_conformance.results import relative

SCHEMA = json.loads(Path(report_package.__file__).with_name("schema.json").read_text(encoding="utf-8"))


def bare(**more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "suite": {"name": "asgi-conformance", "version": "1"},
        "target": {"name": "app:app"},
        "servers": SERVERS[:1],
        "environment": {},
        "results": [],
        "coverage": {},
        "duration_s": 0,
    }
    return build(**{**given, **more})


def valid(report: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(files.dumps(report)))


def only(verdict: Verdict, **more: Any) -> Result:
    base = client_close(SERVERS[0], 1000, "bye", "bye")
    attempt = dataclasses.replace(base.attempts[0], verdict=verdict)
    return dataclasses.replace(base, verdict=verdict, attempts=(attempt,), **more)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("given", [{}, {"servers": 2}, {"hostile": True}, {"cases": 400}], ids=str)
def test_every_sample_is_valid(given: dict[str, Any]) -> None:
    valid(sample(**given))


def test_a_run_that_did_not_start_is_a_valid_report() -> None:
    report = bare(servers=[], error={"phase": "import", "message": "ModuleNotFoundError: app"})
    valid(report)
    assert report["summary"]["verdict"] == "error"
    assert report["summary"]["total"] == 0


def test_the_schema_refuses_a_missing_key() -> None:
    report = sample()
    del report["cases"][0]["attempts"]
    with pytest.raises(jsonschema.ValidationError, match="attempts"):
        valid(report)


@pytest.mark.parametrize(
    ("verdicts", "more", "expected"),
    [
        ((Verdict.PASS, Verdict.NOTE, Verdict.KNOWN, Verdict.WARN), {}, "pass"),
        ((Verdict.PASS, Verdict.FAIL), {}, "fail"),
        ((Verdict.PASS, Verdict.ERROR), {}, "error"),
        ((Verdict.FAIL, Verdict.ERROR), {}, "fail"),
        ((Verdict.PASS,), {"partial_reasons": ["x"]}, "partial"),
        ((Verdict.FAIL,), {"partial_reasons": ["x"]}, "fail"),
        ((Verdict.PASS,), {"error": {"phase": "run", "message": "x"}}, "error"),
        ((Verdict.WARN,), {"failing": ("fail", "warn")}, "fail"),
        ((Verdict.PASS,), {"baseline": {"file": "b.toml", "stale": ["x"]}}, "fail"),
        ((Verdict.SKIP,), {}, "partial"),
        ((), {}, "partial"),
    ],
)
def test_run_verdict(verdicts: tuple[Verdict, ...], more: dict[str, Any], expected: str) -> None:
    assert bare(results=[only(verdict) for verdict in verdicts], **more)["summary"]["verdict"] == expected


def test_summary_counts_cases_and_findings_by_layer() -> None:
    summary = sample()["summary"]
    names = ("passed", "failed", "warned", "noted", "known", "skipped", "errors")
    assert summary["total"] == sum(summary[name] for name in names) == len(sample()["cases"])
    assert summary["by_layer"]["middleware"] == {"fail": 6, "warn": 0, "known": 0}
    assert summary["by_layer"]["server"]["known"] == 3
    assert list(summary["by_layer"]) == ["application", "middleware", "framework", "server"]


def test_one_cause_behind_many_failures_is_one_entry() -> None:
    report = sample()
    causes = [cause for cause in report["causes"] if cause["layer"] == "middleware"]
    assert len(causes) == 1
    assert len(causes[0]["cases"]) == 6
    assert [report["cases"][place]["verdict"] for place in causes[0]["cases"]] == ["fail"] * 6


def test_what_the_user_can_mend_comes_first() -> None:
    order = [(cause["verdict"], cause["layer"]) for cause in sample()["causes"]]
    assert order[:3] == [("fail", "application"), ("fail", "middleware"), ("fail", "framework")]


def test_what_held_stands_once_and_says_no_more() -> None:
    base = client_close(SERVERS[0], 1000, "bye", "bye")
    held = base.findings[0]._replace(message="It holds.", fix="Nothing.")
    again = held._replace(boundary="asgi:1")
    broken = held._replace(verdict=Verdict.FAIL)
    attempt = dataclasses.replace(base.attempts[0], findings=(held, broken, again, broken))
    report = bare(results=[dataclasses.replace(base, verdict=Verdict.FAIL, attempts=(attempt,))])
    found = [(f["verdict"], f["message"], f["fix"], f.get("times")) for f in report["cases"][0]["findings"]]
    fail = ("fail", "It holds.", "Nothing.", None)
    assert found == [("pass", "", "", 2), fail, fail]
    valid(report)


def test_an_unstable_case_keeps_what_each_attempt_found() -> None:
    base = client_close(SERVERS[0], 1000, "bye", "bye")
    right = base.attempts[0]
    warned = base.findings[0]._replace(
        requirement="asgi.send.after-end", verdict=Verdict.WARN, observed="/srv/here/app.py says so"
    )
    wrong = dataclasses.replace(right, verdict=Verdict.WARN, findings=(warned,), reason="seen once")
    unstable = dataclasses.replace(base, attempts=(wrong, right), unstable=True)
    report = bare(results=[relative(unstable, "/srv/here/")], requirements=requirements())
    valid(report)
    first, last = report["cases"][0]["attempts"]
    assert [(f["verdict"], f["observed"]) for f in first["findings"]] == [("warn", "app.py says so")]
    assert last["findings"] == report["cases"][0]["findings"]
    assert "asgi.send.after-end" in report["requirements"]
    stable = bare(results=[dataclasses.replace(unstable, unstable=False)])
    assert not any("findings" in attempt for attempt in stable["cases"][0]["attempts"])


def test_what_is_secret_is_redacted_in_every_attempt() -> None:
    base = client_close(SERVERS[0], 1000, "bye", "bye")
    told = base.findings[0]._replace(verdict=Verdict.WARN, observed="header x: canary-4711")
    wrong = dataclasses.replace(base.attempts[0], verdict=Verdict.WARN, findings=(told,))
    unstable = dataclasses.replace(base, attempts=(wrong, base.attempts[0]), unstable=True)
    report = bare(results=[unstable], secrets=["canary-4711"])
    assert report["cases"][0]["attempts"][0]["findings"][0]["observed"] == "header x: [redacted]"


def test_an_error_without_a_finding_has_a_cause() -> None:
    (cause,) = (cause for cause in sample()["causes"] if cause["verdict"] == "error")
    assert cause["message"] == "The child process did not answer a barrier within 5 s."


def test_only_cited_requirements_are_embedded() -> None:
    report = sample()
    assert "asgi.disconnect.code" in report["requirements"]
    assert "rfc6455.utf8" not in report["requirements"]


def test_what_arrived_is_read_from_the_trace_where_the_tags_do_not_say() -> None:
    def without(result: Result) -> Result:
        tags = {name: value for name, value in result.case.tags.items() if name != "arrived"}
        return dataclasses.replace(result, case=dataclasses.replace(result.case, tags=tags))

    found = [result for result in results(SERVERS[:1], 0, False) if "code" in result.case.tags]
    said = [result.case.tags["arrived"] for result in found]
    derived = [case["tags"]["arrived"] for case in bare(results=[without(result) for result in found])["cases"]]
    assert derived == said


def test_coverage_is_counted_where_it_is_not_given() -> None:
    report = sample(coverage={"simple_paths": {"total": 3, "covered": 2, "missing": ["a"]}}, states=STATES)
    assert report["coverage"]["simple_paths"] == {"total": 3, "covered": 2, "missing": ["a"]}
    assert report["coverage"]["routes"] == {"total": 4, "covered": 3, "missing": ["/ws/admin"]}
    transitions = report["coverage"]["transitions"]
    assert transitions["total"] == len(STATES["transitions"]) == transitions["covered"] + len(transitions["missing"])
    assert report["coverage"]["transition_pairs"]["total"] == 0


def test_the_input_is_left_alone_and_the_output_is_the_same_each_time() -> None:
    for suffix in files.SUFFIXES:
        assert files.render(sample(), suffix) == files.render(sample(), suffix)


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_write_makes_parents_and_leaves_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "a" / "b" / f"report{suffix}"
    write(sample(), path)
    write(sample(), path)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) & 0o400


@pytest.mark.parametrize("name", ["report.txt", "report", "report.html.bak"])
def test_an_unknown_suffix_is_one_clear_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"use one of \.html, \.json, \.md, \.svg") as caught:
        write(sample(), tmp_path / name)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def broken(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write(sample(), path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_load_reads_what_was_written(tmp_path: Path) -> None:
    write(sample(), tmp_path / "report.json")
    assert load(tmp_path / "report.json") == sample()


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 2}', "\udcff"])
def test_load_refuses_what_is_no_report(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"report\.json"):
        load(tmp_path / "report.json")


def test_json_stands_one_case_on_a_line() -> None:
    report = sample()
    lines = files.dumps(report).splitlines()
    cases = [line for line in lines if line.startswith('{"id":')]
    assert len(cases) == len(report["cases"])


def test_four_thousand_cases_stay_small_and_findings_keep_their_traces() -> None:
    report = sample(cases=4000)
    text = files.dumps(report)
    assert len(report["cases"]) == 4000
    assert len(text) < 10_000_000
    for case in json.loads(text)["cases"]:
        assert case["trace"] or case.get("trace_omitted") or case["verdict"] == "skip"
        assert case["verdict"] in ("pass", "skip") or not case.get("trace_omitted")


def test_values_that_json_cannot_hold() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    assert plain({1: float("nan"), b"k": b"\xff", "s": {2, 1}, "t": (1, 2)}) == {
        "1": {"$": "object", "type": "builtins.float", "repr": "nan"},
        "k": {"$": "bytes", "hex": "ff"},
        "s": [1, 2],
        "t": [1, 2],
    }
    assert plain(Odd())["repr"] == "<repr raised RuntimeError>"
    assert plain(Verdict.PASS) == "pass"
    assert plain(Case("a", "b", "c", ("d",)))["requires"] == ["d"]
