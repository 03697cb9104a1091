"""What becomes of several results of one case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from asgi_conformance.model import Attempt, Case, Finding, Layer, Level, Observation, Result, Trace, Verdict
from asgi_conformance.results import AT_ONCE, LISTED, merged, repeated, summarized

TRACE = Trace((Observation(1, "wire", "connect", {}),))
CASE = Case("close.example", "It closes.", "close", ())


def a_result(verdict: Verdict, case: Case = CASE, duration: int = 1) -> Result:
    layer, found = Layer.SERVER, Verdict.PASS if verdict is Verdict.SKIP else verdict
    finding = Finding("asgi.close.code", Level.MUST, layer, found, layer, "wire", "1", "2")
    attempt = Attempt(verdict, (finding,), TRACE, duration)
    return Result(case, f"conformance::{case.full_id}", "uvicorn", verdict, layer, (attempt,))


def verdicts(result: Result) -> dict[Verdict, int]:
    """How many runs came to each verdict."""
    found: dict[Verdict, int] = {}
    for attempt in result.attempts:
        found[attempt.verdict] = found.get(attempt.verdict, 0) + attempt.times
    return found


def test_the_worst_of_several_runs_counts_and_keeps_its_trace() -> None:
    result = merged([a_result(Verdict.PASS), a_result(Verdict.FAIL, duration=7), a_result(Verdict.NOTE)])
    assert (result.verdict, result.unstable, result.duration_us, result.trace) == (Verdict.FAIL, True, 7, TRACE)
    assert verdicts(result) == {Verdict.PASS: 1, Verdict.FAIL: 1, Verdict.NOTE: 1}
    assert not merged([a_result(Verdict.PASS)] * 3).unstable


def test_few_runs_are_listed_and_many_are_counted() -> None:
    few = merged([a_result(Verdict.PASS)] * LISTED)
    assert [attempt.times for attempt in few.attempts] == [1] * LISTED
    many = merged([a_result(Verdict.PASS)] * 500 + [a_result(Verdict.WARN)] * 30)
    assert verdicts(many) == {Verdict.PASS: 500, Verdict.WARN: 30}
    assert len(many.attempts) == 2 * LISTED + 1


def test_what_was_merged_may_be_merged_again() -> None:
    whole = merged([a_result(Verdict.PASS)] * 90 + [a_result(Verdict.FAIL)] * 10)
    again = merged([merged([whole, a_result(Verdict.PASS)]), merged([a_result(Verdict.PASS)] * 50)])
    assert verdicts(again) == {Verdict.PASS: 141, Verdict.FAIL: 10}
    assert (again.verdict, again.unstable) == (Verdict.FAIL, True)
    assert len(again.attempts) <= 2 * LISTED + 1


def test_repetitions_are_run_in_portions_and_do_not_add_up_in_memory() -> None:
    portions: list[int] = []
    other = replace(CASE, row="other")

    def run(cases: Sequence[Case]) -> list[Result]:
        portions.append(len(cases))
        return [a_result(Verdict.NOTE if case.row else Verdict.PASS, case) for case in cases]

    results = repeated(run, [CASE, other], 2600)
    assert sum(portions) == 5200
    assert max(portions) == AT_ONCE
    assert [result.case.row for result in results] == ["", "other"]
    assert [verdicts(result) for result in results] == [{Verdict.PASS: 2600}, {Verdict.NOTE: 2600}]
    kept = [attempt for result in results for attempt in result.attempts]
    assert len(kept) == 2 * (LISTED + 1)
    assert sum(attempt.trace is TRACE for attempt in kept) == 2


def test_what_only_a_report_shows_is_let_go() -> None:
    held, breached = a_result(Verdict.PASS), a_result(Verdict.FAIL)
    both = (*held.findings, *held.findings, *breached.findings)
    result = replace(breached, attempts=(replace(breached.attempts[0], findings=both),))
    brief = summarized(result)
    assert brief.trace.observations == ()
    assert [(f.requirement, f.verdict, f.observed) for f in brief.findings] == [
        ("asgi.close.code", Verdict.PASS, ""),
        ("asgi.close.code", Verdict.FAIL, "2"),
    ]
    assert summarized(held).findings[0] is brief.findings[0]


def test_a_single_run_is_as_it_was() -> None:
    result = a_result(Verdict.PASS)
    assert repeated(lambda cases: [result], [CASE], 1) == [result]
