"""The table of mutants, its results, and the figures that are published of them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from asgi_conformance import cases, requirements
from asgi_conformance.cases.routes import WAYS
from asgi_conformance.dialects import DIALECTS
from asgi_conformance.model import Level, Verdict
from asgi_conformance.run import Plan, Run
from mutations import deployed, events, forbidden, publish, server, tamper
from mutations.attempt import attempt, results_of
from mutations.grammar import INWARD, OUTWARD, everything, mutants
from mutations.mutant import LAYERS, Mutant
from mutations.score import counts, score
from mutations.survivors import REASONS, reason

SIZE = 1148
# One for each layer and kind of fault, tried for real.
TRIED = (
    "server.disconnect.code.increased@private",
    "server.sends.close.reserved",
    "middleware.receive.text.drop@second",
    "framework.send.text.hang",
    # No connection gets past these: two cases say who holds it up.
    "middleware.connect.swap",
    "middleware.accept.hang",
    "framework.method.accept.hang",
    "framework.method.receive.twice",
    "framework.state.client_state.1.websocket.disconnect.to-1",
    "application.closing.close.code.500",
)
# What this case finds under the server of the mutants is a known deviation, whatever else is wrong.
HIDDEN = {"handshake.subprotocol.not-offered"}
# What these show no document demands, of a server of that version or at all: they come to a note, never to a breach.
NOTED = {
    case.id
    for case in cases.load()
    if case.kind == "probe" and not any(forbidden.binds(id) for id in case.requires)
}
RESULTS = publish.stored("results")
BROKEN = Path(__file__).parent.parent / "targets" / "broken"
# Cases that came after the results, each with a target that was broken before it.
NEWER: dict[str, str] = {}


def test_the_table_is_frozen() -> None:
    assert len(mutants()) == SIZE >= 400
    assert len({mutant.id for mutant in mutants()}) == SIZE


def test_every_layer_event_field_and_operator_is_there() -> None:
    assert {mutant.layer for mutant in mutants()} == set(LAYERS)
    for layer in LAYERS[:3]:
        of_events = [m for m in mutants() if m.layer == layer and m.kind == "events"]
        assert {m.subject for m in of_events} == {*events.EVENTS, "lost"}
        assert {m.operator for m in of_events} >= {*INWARD, *OUTWARD} - {"late"}
        fields = {(name, field) for name, event in events.EVENTS.items() for field in event.fields}
        assert {(m.subject, m.field) for m in of_events if m.field} == fields
    assert {m.operator for m in mutants() if m.kind == "outgoing"} <= {*server.FRAMES, "masked"}
    used = {m.operator for m in mutants() if m.kind == "events" and m.layer in LAYERS[:3]}
    assert used <= {*tamper.VALUES, *INWARD, *OUTWARD, "swallow", "other", "moved", "doubled"}


def test_every_mutant_is_forbidden_by_a_document() -> None:
    for mutant in mutants():
        assert forbidden.binding(mutant), mutant.id
        assert all(requirements.get(id) for id in mutant.forbids)


def test_what_is_left_out_is_left_out_by_a_rule_that_is_needed() -> None:
    used = {forbidden.left_out(mutant) for mutant in everything()} - {""}
    assert used == {text for text, _ in forbidden.RULES}


def test_the_results_cover_every_mutant_and_are_good_enough() -> None:
    results = RESULTS["mutants"]
    assert [result["mutant"] for result in results] == [mutant.id for mutant in mutants()]
    assert RESULTS["score"] == {**counts(results), **score(results)}
    assert RESULTS["score"]["found"] >= 97
    assert RESULTS["score"]["misplaced"] <= 2


def test_every_survivor_has_its_reason() -> None:
    rest = [result["mutant"] for result in RESULTS["mutants"] if result["verdict"] != "killed"]
    assert not [mutant for mutant in rest if not reason(mutant)]
    assert not [glob for glob in REASONS if not any(fnmatchcase(mutant, glob) for mutant in rest)]


def test_every_case_function_kills_a_mutant() -> None:
    """Of those that there were when the results were made; other frameworks have their broken targets."""
    killing = {case for result in RESULTS["mutants"] for case in result["by"]}
    idle = {id for id in RESULTS["cases"] if id not in killing and id.partition(".")[0] not in DIALECTS}
    assert idle == HIDDEN | (NOTED & {*RESULTS["cases"]})


def test_a_case_newer_than_the_results_has_a_broken_target_or_judges_nothing() -> None:
    newer = {case.id: case for case in cases.load() if case.id not in RESULTS["cases"]}
    assert {*RESULTS["cases"]} <= {case.id for case in cases.load()} | set(WAYS)
    shown = {id for id, case in newer.items() if all(requirements.get(r).level is Level.SILENT for r in case.requires)}
    for path in BROKEN.glob("*.py"):
        shown |= set(re.findall(r'^CASE = "(.*)"$', path.read_text("utf-8"), re.MULTILINE))
    assert {*newer} == shown & {*newer} | {*NEWER}


@pytest.mark.parametrize("id", NEWER)
def test_a_newer_case_fails_on_a_target_that_is_broken_for_its_section(id: str) -> None:
    run = Run(Plan(f"targets.broken.{NEWER[id]}:app", str(BROKEN.parent.parent)))
    try:
        run.ready()
        results = run.results([case for case in cases.load() if case.id == id])
    finally:
        run.stop()
    assert {result.verdict for result in results} <= {Verdict.FAIL, Verdict.WARN}


def test_the_published_figures_are_those_of_the_results() -> None:
    for path, text in publish.pages().items():
        assert path.read_text("utf-8") == text, "python -m mutations.publish"


@pytest.mark.parametrize("id", TRIED)
def test_a_mutant_is_killed(id: str) -> None:
    mutant = next(mutant for mutant in mutants() if mutant.id == id)
    assert attempt(mutant).verdict == "killed"


def test_a_mutant_at_the_wire_is_seen_from_outside_and_a_right_server_is_not_blamed() -> None:
    right = deployed.seen_by(None)
    assert right == {"url.version": ["rfc6455.handshake.version-named"]}, "the known deviation of a server without name"
    (mutant,) = [mutant for mutant in deployed.of_the_wire() if mutant.id == "server.sends.close.reserved"]
    assert "rfc6455.codes.reserved-not-sent" in deployed.without(deployed.seen_by(mutant), right)["url.close[1000]"]


def test_what_cannot_be_seen_from_outside_has_its_reason() -> None:
    ids = [mutant.id for mutant in deployed.of_the_wire()]
    assert not [glob for glob in deployed.REASONS if not any(fnmatchcase(id, glob) for id in ids)]


@pytest.mark.parametrize("handler", ["echo", "closing", "refusing", "denying"])
def test_the_target_without_a_fault_is_right(handler: str) -> None:
    cases = ("route.close-1000", "route.text")
    none = Mutant("application", "none", "none", "none", cases=cases, more={"handler": handler})
    found = {result.verdict for result in results_of(none)}
    # A handler that closes before the accept is not visited further.
    assert found <= {Verdict.PASS, Verdict.NOTE} or (handler == "refusing" and found == {Verdict.SKIP})
