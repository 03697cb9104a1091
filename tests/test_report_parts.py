"""Reports, replays and what the action says, part by part: what a whole run hardly ever comes to."""

from __future__ import annotations

import io
import json
from collections import UserDict, UserList
from dataclasses import replace
from enum import Enum, IntEnum
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from sample_report import sample

from asgi_conformance.action.annotate import _title
from asgi_conformance.action.outcome import _unreported
from asgi_conformance.fuzz.paste import pasted
from asgi_conformance.harness.program import compile_case
from asgi_conformance.model import Attempt, Case, Result, Step, Trace, Verdict
from asgi_conformance.replay.lanes import handler
from asgi_conformance.replay.program import Subject, _unreplayable
from asgi_conformance.replay.reported import blamed
from asgi_conformance.replay.script import Script
from asgi_conformance.replay.source import source
from asgi_conformance.report import explain, files, markdown
from asgi_conformance.report.code_map import code_map
from asgi_conformance.report.compare import compare
from asgi_conformance.report.console import failure
from asgi_conformance.report.derived import with_arrived
from asgi_conformance.report.matrix import _seen
from asgi_conformance.report.merge import merge
from asgi_conformance.report.plain import plain
from asgi_conformance.report.progress import Progress
from asgi_conformance.report.state_map import _reasons
from asgi_conformance.values import Repeated


def case_of(*steps: tuple[str, str, dict[str, Any]], **more: Any) -> Case:
    made = tuple(Step(at, *step) for at, step in enumerate(steps))
    return Case(more.pop("id", "own.case"), "It goes.", "own", (), made, **more)


# --- JSON values


class Colour(Enum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "made"),
    [
        (Number.ONE, 1),
        (MappingProxyType({Colour.RED: Number.ONE}), {"red": 1}),
        (UserDict({1: (True,)}), {"1": [True]}),
        ({b"a": UserList(["b"])}, {"a": ["b"]}),
        (range(2), [0, 1]),
    ],
)
def test_whatever_is_like_a_number_an_object_or_an_array_becomes_one(value: Any, made: Any) -> None:
    found = plain(value)
    assert (found, repr(found)) == (made, repr(made))


# --- what two reports differ in, and what they have in common


def test_a_verdict_that_is_as_good_is_a_change_and_a_new_finding_is_named() -> None:
    before, after = sample(), sample()
    old = next(case for case in before["cases"] if case["verdict"] == "pass" and case["findings"])
    new = next(case for case in after["cases"] if case["id"] == old["id"])
    new["verdict"] = "note"
    added = {**new["findings"][0], "requirement": "asgi.accept.again", "verdict": "note", "observed": "it returned"}
    new["findings"] = [*new["findings"], added]
    (change,) = compare(before, after).changed
    assert (change.id, change.before, change.after) == (old["id"], "pass", "note")
    only = {**before, "cases": [{**old, "findings": []}]}
    (change,) = compare(only, {**after, "cases": [{**new, "findings": [added]}]}).changed
    assert change.note == "asgi.accept.again: it returned"


def test_reports_in_which_all_was_skipped_come_to_nothing() -> None:
    report = sample(results=[], partial_reasons=())
    assert merge([report, report])["partial_reasons"] == report["partial_reasons"]


def test_a_failure_that_has_no_finding_says_its_reason_and_one_that_varies_says_how() -> None:
    attempts = tuple(
        Attempt(verdict, (), Trace(()), 1, times=n) for verdict, n in ((Verdict.PASS, 3), (Verdict.ERROR, 1))
    )
    result = Result(case_of(), "n", "uvicorn", Verdict.ERROR, None, attempts, "the machine was late", unstable=True)
    lines = failure(result, "uvicorn 0.54.0").splitlines()
    assert "  reason       the machine was late" in lines
    assert "  unstable     its runs came to different answers: pass (3 times), error" in lines
    assert "unstable" not in failure(replace(result, unstable=False), "uvicorn 0.54.0")


def test_only_a_close_frame_says_which_code_arrived() -> None:
    frames = [{"opcode": "text"}, {"opcode": "close", "code": 4001}]
    trace = [{"boundary": "wire", "kind": "received", "data": frame} for frame in frames]
    assert with_arrived({"code": 4000, "direction": "app"}, trace)["arrived"] == 4001


def test_a_case_that_was_skipped_has_let_no_code_arrive() -> None:
    tags = {"code": 4001, "direction": "client", "arrived": 4001}
    for verdict, back in (("skip", "not seen"), ("pass", "as sent")):
        (side,) = code_map([{"verdict": verdict, "tags": tags}], {})
        assert side["ranges"][0]["tiles"][0]["back"] == back


def test_a_case_without_steps_is_explained_without_a_drawing() -> None:
    told = [str(line) for line in explain.case(case_of(), [], [])]
    assert told[:2] == ["own.case", "It goes."]
    assert not any(line.startswith("client ") for line in told)


def test_what_failed_keeps_its_trace_however_large_a_report_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CASES_BUDGET", 0)
    report = sample()
    kept = [case for case in map(json.loads, files._lines(report["cases"])) if case["trace"]]
    assert kept
    assert not {"pass", "skip"} & {case["verdict"] for case in kept}
    assert sum(case["verdict"] == "fail" for case in kept) == sum(case["verdict"] == "fail" for case in report["cases"])


def test_markdown_of_a_case_that_cannot_be_run_again_shows_no_command() -> None:
    report = sample()
    for case in report["cases"]:
        case["reproduce"] = ""
    assert "--case=" not in markdown.render(report)


def test_several_cases_of_one_kind_are_shown_by_their_id() -> None:
    assert _seen(["a.b[1]", "a.b[2]"], "uvicorn", "fail") != _seen(["a.b[1]"], "uvicorn", "fail")
    assert "a.b" in _seen(["a.b[1]", "a.b[2]"], "uvicorn", "fail")


def test_pairs_that_nothing_leads_to_may_be_listed_with_their_reasons() -> None:
    ((label, reason),) = _reasons([{"pair": [2, 3], "reason": "nothing leads there"}])
    assert label
    assert reason == "nothing leads there"


def test_the_line_of_a_run_counts_what_failed_and_is_left_alone_where_nothing_ran() -> None:
    file = io.StringIO()
    progress = Progress(SimpleNamespace(_file=file, fullwidth=80), 3)
    progress.close()
    assert file.getvalue() == ""
    failed = SimpleNamespace(outcome="failed", when="call")
    assert progress.status(failed) == ("failed", "", "")
    expected = SimpleNamespace(outcome="skipped", when="call", wasxfail="known")
    assert progress.status(expected) == ("xfailed", "", "")
    progress.status(SimpleNamespace(outcome="passed", when="teardown"))
    progress.close()
    assert "1/3, 1 failed" in file.getvalue()


# --- replays and scripts


def test_what_a_script_does_not_do_has_its_default() -> None:
    script = Script(case_of(("app", "send", {"args": {"message": {"type": "websocket.accept"}}})))
    assert script.client_close == (None, "")
    assert script.app_close == (1000, "")
    assert script.from_app == []


def test_values_are_written_as_their_author_would() -> None:
    assert source(bytes(range(256))) == "bytes(range(256))"
    long = {"opcode": 1, "payload": Repeated("ab", 90)}
    assert Script(case_of(("client", "send", long))).from_client == ["'ab' * 90"]


def test_why_a_case_cannot_be_replayed() -> None:
    route = case_of(kind="route", id="route.text")
    assert _unreplayable(route, Subject()).startswith("it is about a route of the target's own")
    beside = case_of(kind="route", id="route.beside")
    assert _unreplayable(beside, Subject("app:app", "/echo")) == "it needs a second client beside the first"


def test_a_report_that_has_none_of_the_cases_blames_nobody() -> None:
    assert blamed(sample(), {"own.case"}) == {}


def test_a_client_that_waits_for_the_handlers_return_is_told_of_it() -> None:
    case = case_of(
        ("client", "open", {}), ("app", "accept", {}), ("app", "return", {}), ("client", "close", {})
    )  # fmt: skip
    lines = list(handler(case, compile_case(case)))
    assert lines[-2:] == ["done[3].set()", "return"]


def test_a_script_that_was_found_is_written_as_a_case() -> None:
    steps = [
        Step(0, "client", "open"),
        Step(1, "client", "close", {"code": 4001, "reason": "bye"}, 1),
        Step(2, "app", "send_text", {"args": {"data": "a"}}, 1),
        Step(3, "client", "pong", {"payload": b"x"}),
        Step(4, "client", "send", {"opcode": 2, "payload": "no bytes"}),
        Step(5, "client", "send", {"opcode": 1, "payload": "a", "fin": False}),
        Step(6, "client", "close", {"code": 1000}),
        Step(7, "client", "ended"),
    ]
    text = pasted(replace(case_of(), steps=tuple(steps)), (), 7)
    assert text.splitlines()[6:] == [
        "    client.opens()",
        "    with app.together():",
        "        client.closes(4001, 'bye')",
        "        app.calls(\"send_text\", raises=True, data='a')",
        "    client.is_ponged(b'x')",
        "    client.sends_frame(2, 'no bytes')",
        "    client.sends_frame(1, 'a', fin=False)",
        "    client.closes(1000)",
        "    client.is_ended()",
    ]


# --- the action


def test_the_action_says_why_there_is_nothing_to_show() -> None:
    assert _unreported("0") == ("warning", "pytest wrote no report: nothing was judged.")
    assert _unreported("3")[0] == "error"
    assert _title({"requirement": ""}) == "Could not be judged"
