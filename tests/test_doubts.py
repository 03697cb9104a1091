"""doubts.py: what a second run of a case says of the first."""

from __future__ import annotations

import pytest

from asgi_conformance.doubts import proves_nothing, waited
from asgi_conformance.harness.runner import Ran
from asgi_conformance.model import Case, Observation, Result, Trace, Verdict

CASE = Case("a.case", "A case.", "a", ("asgi.disconnect.code",))


def ran(**late: int) -> Ran:
    missed = {"wait": "end", "seconds": 5.0, "app": {"waiting": {}}, **late}
    return Ran(CASE, Trace((Observation(1, "client", "deadline", missed),)), 1)


def result(verdict: Verdict) -> Result:
    return Result(CASE, "conformance::a.case", "uvicorn", verdict, None, ())


@pytest.mark.parametrize("late", [{"own_lag_us": 2_000_000}, {"child_loop_lag_us": 2_000_000}])
def test_a_run_on_a_machine_that_was_late_contradicts_nothing(late: dict[str, int]) -> None:
    assert proves_nothing(result(Verdict.ERROR), ran(**late))


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.WARN, Verdict.PASS])
def test_an_answer_is_one_however_late_the_machine_was(verdict: Verdict) -> None:
    assert not proves_nothing(result(verdict), ran(own_lag_us=2_000_000))


def test_an_error_with_good_evidence_is_an_answer() -> None:
    assert not proves_nothing(result(Verdict.ERROR), ran(own_lag_us=10, child_loop_lag_us=10))
    assert waited(ran(own_lag_us=10))


def test_a_run_without_a_missed_deadline_is_an_answer() -> None:
    right = Ran(CASE, Trace(()), 1)
    assert not proves_nothing(result(Verdict.ERROR), right)
    assert not waited(right)
