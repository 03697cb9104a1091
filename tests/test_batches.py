"""session.py: which cases are run together with the one whose turn it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from asgi_conformance import cases
from asgi_conformance.foresight import unanswered
from asgi_conformance.items import Item
from asgi_conformance.model import Attempt, Case, Result, Step, Trace, Verdict
from asgi_conformance.session import BATCH, FIRST, LARGE, Hooks

SILENT = (Step(0, "client", "open"), Step(1, "client", "silence"), Step(2, "client", "ended"))
ANSWERED = (*SILENT[:2], Step(2, "client", "close", {"code": 1000}))


def made(number: int, steps: tuple[Step, ...] = ()) -> Any:
    case = Case("a.case", "A case.", "a", ("asgi.disconnect.code",), steps, row=str(number))
    return SimpleNamespace(nodeid=f"conformance::{case.full_id}", case=case, server="uvicorn", user_properties=[])


def sizes(items: list[Any], part: str = "alone", repeat: int = 1) -> list[int]:
    """How many cases each batch has when all items are asked for in their order."""
    found: list[int] = []

    def run(batch: list[Case], server: str) -> list[Result]:
        found.append(len(batch))
        attempt = Attempt(Verdict.PASS, (), Trace(()), 1)
        return [Result(c, f"conformance::{c.full_id}", server, Verdict.PASS, None, (attempt,)) for c in batch]

    hooks = Hooks.__new__(Hooks)
    hooks.items = items
    hooks.campaign = SimpleNamespace(  # type: ignore[assignment]
        results={}, part=part, run=run, options=SimpleNamespace(repeat=repeat), outcome=lambda result: "passed"
    )
    hooks._places = {item.nodeid: place for place, item in enumerate(items)}
    hooks._pending, hooks._lost, hooks._waiting = {}, {}, set()
    for item in items:
        result, outcome = hooks.result(_as_item(item))
        assert (result.node_id, outcome) == (item.nodeid, "passed")
    return found


def _as_item(item: Any) -> Item:
    return item  # type: ignore[no-any-return]


def test_the_first_verdict_comes_soon_and_then_many_at_once() -> None:
    assert sizes([made(number) for number in range(FIRST + BATCH + 5)]) == [FIRST, BATCH, 5]


def test_all_that_comes_next_is_run_while_a_case_waits_for_a_server_that_gets_no_answer() -> None:
    items = [made(number) for number in range(FIRST + 3 * BATCH)]
    items[FIRST + 10] = made(FIRST + 10, SILENT)
    assert sizes(items) == [FIRST, 3 * BATCH]
    assert 3 * BATCH < LARGE


def test_a_client_that_answers_late_is_not_waited_for() -> None:
    items = [made(number) for number in range(FIRST + 2 * BATCH)]
    items[FIRST + 10] = made(FIRST + 10, ANSWERED)
    assert sizes(items) == [FIRST, BATCH, BATCH]


@pytest.mark.parametrize(("part", "repeat", "size"), [("worker", 1, 1), ("alone", 4000, 1)])
def test_a_worker_and_many_repetitions_run_one_case_at_a_time(part: str, repeat: int, size: int) -> None:
    assert sizes([made(number, SILENT) for number in range(3)], part, repeat) == [size] * 3


def test_which_of_the_suites_own_cases_leave_the_server_without_an_answer() -> None:
    found = {case.id for case in cases.load() if unanswered(case)}
    assert {"endings.waiting.app-closes-unanswered", "endings.client.never-answers"} <= found
    assert "close.app.answered-otherwise" not in found
