"""The sweep over all close codes: how outcomes are put together, and two classes swept for real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from asgi_conformance.close_codes import MAXIMUM, CloseClass
from asgi_conformance.harness.sweep import Light
from asgi_conformance.model import Attempt, Case, Finding, Layer, Level, Observation, Result, Trace, Verdict
from asgi_conformance.report.files import load
from asgi_conformance.sweep.judged import Swept, judged, sweep_cases
from asgi_conformance.sweep.outcomes import Group, codes_of, grouped, outcome_of, ranges, script_of

pytest_plugins = ["pytester"]


def light(code: int, told: int | None = None) -> Light:
    told = code if told is None else told
    return Light(code, 101, (code, b""), "fin", {"disconnect": [told, ""], "raised": None, "exit": "returned"})


def trace(code: int) -> Trace:
    event = {"event": {"type": "websocket.disconnect", "code": code, "reason": ""}}
    frame = {"opcode": "close", "code": code, "reason": ""}
    return Trace((Observation(1, "outer", "receive", event), Observation(2, "wire", "received", frame)))


def test_the_classes_hold_every_code_once() -> None:
    everything = [code for kind in CloseClass for code in codes_of(kind)]
    assert sorted(everything) == list(range(MAXIMUM + 1))
    cases = sweep_cases()
    assert len(cases) == 2 * len(CloseClass)
    assert sum(case.tags["codes"] for case in cases) == 2 * (MAXIMUM + 1)


def test_each_code_has_a_script_that_decides_it() -> None:
    assert {script_of("client", code) for code in (1000, 4999, 3000)} == {"close.client.code"}
    assert script_of("client", 1012) == "close.client.registered"
    assert script_of("client", 1005) == script_of("client", 5000) == "close.client.illegal"
    assert script_of("app", 1010) == "close.app.client-only"
    assert script_of("app", 2999) == "close.app.illegal"


def test_a_code_that_is_told_otherwise_is_a_group_of_its_own() -> None:
    groups = grouped("client", [light(3000), light(3007, 1000), light(3001)])
    assert [group.codes for group in groups] == [(3000, 3001), (3007,)]
    assert "told 1000" in str(groups[1].outcome)


def test_ranges_are_collapsed_and_counted() -> None:
    assert ranges([1000, 1001, 1002, 1007]) == "1000-1002, 1007"
    assert ranges([1, 3, 5, 7], most=2) == "1, 3 and 2 more"


def swept(groups: list[Group], verdicts: dict[int, Verdict], told: dict[int, int] | None = None) -> Result:
    case = next(c for c in sweep_cases() if c.full_id == "exhaustive.client[library]")

    def perform(cases: object) -> list[Result]:
        found = []
        for one in cases:  # type: ignore[attr-defined]
            code = int(one.row.partition("-")[0])
            verdict = verdicts.get(code, Verdict.PASS)
            layer = Layer.SERVER
            finding = Finding("asgi.disconnect.code", Level.MUST, layer, verdict, layer, "outer", "a", "b")
            seen = trace((told or {}).get(code, code))
            found.append(Result(one, "", "", verdict, Layer.SERVER, (Attempt(verdict, (finding,), seen, 1),)))
        return found

    return judged(case, Swept(tuple(groups), 5), perform, Result(case, "n", "s", Verdict.SKIP, None, ()))


def test_the_wrong_code_is_named_and_the_right_ones_have_no_trace() -> None:
    groups = grouped("client", [light(3000), light(3007, 1000), light(3001)])
    result = swept(groups, {3007: Verdict.FAIL}, {3007: 1000})
    assert result.verdict is Verdict.FAIL
    assert [f.observed for f in result.findings if f.verdict is Verdict.FAIL] == ["b (code 3007)"]
    right = swept(grouped("client", [light(3000), light(3001)]), {})
    assert right.verdict is Verdict.PASS
    assert right.trace.observations == ()


def test_what_only_company_shows_is_an_error_of_the_suite() -> None:
    result = swept(grouped("client", [light(3000, 1000)]), {})
    assert result.verdict is Verdict.ERROR
    assert "alone, 3000 was told the code itself" in result.reason


def test_what_was_not_seen_to_its_end_is_not_passed_over() -> None:
    lost = replace(light(3000), told=None)
    assert not outcome_of("client", lost).complete
    assert swept(grouped("client", [lost]), {}).verdict is Verdict.ERROR


REWRITES = """
from starlette.applications import Starlette
from starlette.middleware import Middleware

class Rewrites:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def rewriting():
            event = await receive()
            if event["type"] == "websocket.disconnect" and event["code"] == 3007:
                event = {**event, "code": 1000}
            return event
        await self.app(scope, rewriting, send)

app = Starlette(middleware=[Middleware(Rewrites)])
"""


def test_one_code_of_a_thousand_is_found(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(rewrites=REWRITES)
    words = ["--target=rewrites:app", "--exhaustive", "--report=r.json", "--case=exhaustive.*[[]iana-registered]"]
    words = [*words[:3], "--case=exhaustive.client[library]", "--case=exhaustive.app[iana-registered]"]
    ran = pytester.runpytest_subprocess(*words, timeout=120)
    ran.assert_outcomes(failed=1, passed=1)
    ran.stdout.fnmatch_lines(["*FAIL  exhaustive.client*library*", "*3007*", "*fault*middleware*"])
    report = load(Path(pytester.path, "r.json"))
    failed = next(case for case in report["cases"] if case["verdict"] == "fail")
    assert failed["tags"]["codes"] == 1000
    assert all("3007" in f["observed"] for f in failed["findings"] if f["verdict"] == "fail")


def case_of(full_id: str) -> Case:
    return next(case for case in sweep_cases() if case.full_id == full_id)


def test_a_class_cites_what_its_scripts_decide() -> None:
    assert "asgi.disconnect.code" in case_of("exhaustive.client[private]").requires
    assert "rfc6455.codes.client-only" in case_of("exhaustive.app[defined]").requires
