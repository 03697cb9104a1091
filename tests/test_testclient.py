"""Starlette's TestClient in the place of a server: what it cannot, what it does otherwise, and who is blamed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asgi_conformance import cases, deviations
from asgi_conformance.applicability import unable
from asgi_conformance.harness.process import StartError
from asgi_conformance.model import Case, Result, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.selection import matching
from asgi_conformance.settings import Settings

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "testclient.md").read_text("utf-8")
SOME = (
    "close.client.code[4001-*", "close.client.empty", "close.client.illegal[999-none]", "close.app.code[4001-*",
    "close.app.answered[4001-bye]", "close.app.illegal[1006-none]", "close.app.illegal[1000-124b]",
    "handshake.denied.*", "handshake.refused*", "handshake.subprotocol*", "frames.unmasked", "lost.handler.returns",
)  # fmt: skip


def some(*patterns: str) -> list[Case]:
    return matching(cases.load(), patterns)[0]


def results_of(target: str, chosen: list[Case]) -> list[Result]:
    run = Run(Plan(f"{target}:app", str(ROOT), server="testclient", settings=Settings(deadline=2.0)))
    try:
        run.ready()
        return run.results(chosen)
    finally:
        run.stop()


@pytest.fixture(scope="module", params=["targets.fastapi_app", "targets.bare_asgi"])
def seen(request: pytest.FixtureRequest) -> list[Result]:
    return results_of(request.param, some(*SOME))


def test_it_is_green_by_its_known_deviations(seen: list[Result]) -> None:
    wrong = {r.case.full_id: r.reason for r in seen if r.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)}
    assert not wrong
    named = {finding.deviation for result in seen for finding in result.findings if finding.deviation}
    assert named >= {
        "testclient.close-is-1000",
        "testclient.leaving-is-1000",
        "testclient.any-code-from-the-client",
        "testclient.any-code-from-the-application",
        "testclient.any-reason-from-the-application",
        "testclient.subprotocol-unchecked",
        "testclient.return-ends-nothing",
    }


def test_codes_and_denials_come_through(seen: list[Result]) -> None:
    passed = {r.case.full_id for r in seen if r.verdict in (Verdict.PASS, Verdict.NOTE)}
    assert {"close.client.code[4001-bye]", "close.app.code[4001-bye]"} <= passed
    assert any(id.startswith("handshake.denied.") for id in passed)


def test_what_it_has_nothing_for_is_skipped_with_the_reason(seen: list[Result]) -> None:
    reasons = {r.case.full_id: r.reason for r in seen if r.case.id == "frames.unmasked"}
    assert reasons
    assert all(reason.startswith("TestClient has nothing for it") for reason in reasons.values())


@pytest.mark.parametrize(
    ("target", "case", "layer"),
    [
        ("targets.broken.close_code_rewritten", "close.client.code[4001-bye]", "middleware"),
        ("targets.broken.close_code_lost", "close.client.code[4001-bye]", "framework"),
        ("targets.broken.messages_duplicated", "messages.*", "middleware"),
    ],
)
def test_the_same_layer_is_blamed_as_under_a_server(target: str, case: str, layer: str) -> None:
    breached = [r for r in results_of(target, some(case)) if r.verdict is Verdict.FAIL]
    assert breached
    assert {str(result.layer) for result in breached} == {layer}


def test_a_case_is_left_out_for_what_its_client_does() -> None:
    by_id = {case.full_id: case for case in cases.load()}
    assert not unable("testclient", by_id["close.client.code[4001-bye]"])
    assert not unable("uvicorn", by_id["frames.unmasked[text]"])
    assert "client step" in unable("testclient", by_id["frames.unmasked[text]"])


def test_a_start_up_that_fails_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("failing.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
    )
    run = Run(Plan("failing:app", str(tmp_path), server="testclient"))
    try:
        with pytest.raises(StartError, match="start-up raised no database"):
            run.ready()
    finally:
        run.stop()


def test_the_page_names_every_deviation() -> None:
    named = re.findall(r"^\| `(testclient\.[\w-]+)` \|", PAGE, re.MULTILINE)
    assert sorted(named) == sorted(d.id for d in deviations.load() if d.product == "testclient")
