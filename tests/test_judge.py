"""The judge: each layer on its own input, no order but each boundary's, and exactly the known deviations."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from asgi_conformance import cases, deviations
from asgi_conformance.judge import Context, judge
from asgi_conformance.judge.framework import framework
from asgi_conformance.judge.seen import read
from asgi_conformance.judge.server import server
from asgi_conformance.model import Case, Layer, Observation, Result, ServerInfo, Trace, Verdict
from asgi_conformance.run import Plan, Run

ROOT = Path(__file__).parent.parent
SERVER = ServerInfo(
    *("uvicorn", "uvicorn", "0.54.0", "websockets-sansio"),
    spec_version="2.4",
    extensions=("websocket.http.response",),
)
CONTEXT = Context(SERVER, "starlette", "1.10.0")


def run(target: str, chosen: list[Case], ws: str = "auto") -> list[Result]:
    session = Run(Plan(target, str(ROOT), ws=ws))
    try:
        session.ready()
        return session.results(chosen)
    finally:
        session.stop()


def rows(*ids: str) -> list[Case]:
    return [case for case in cases.load() if case.full_id in ids or case.id in ids]


@pytest.fixture(scope="module")
def everything() -> list[Result]:
    """Every probe case on the right base."""
    return run("targets.broken.base:app", list(cases.load()))


def shuffled(trace: Trace, seed: int) -> Trace:
    """The same observations with other times and another order between boundaries."""
    chance = random.Random(seed)
    queues: dict[str, list[Observation]] = {}
    for observation in trace.observations:
        queues.setdefault(observation.boundary, []).append(observation)
    out = []
    while queues:
        boundary = chance.choice(sorted(queues))
        out.append(queues[boundary].pop(0)._replace(t_us=chance.randrange(10_000_000)))
        if not queues[boundary]:
            del queues[boundary]
    return Trace(tuple(out), trace.complete)


@pytest.mark.parametrize("base", ["right", "wrong"])
def test_what_a_case_does_not_decide_need_not_be_worked_out(everything: list[Result], base: str) -> None:
    """Asked for some requirements, the server's parts say just what they say of those when asked for all."""
    for result in everything:
        seen = read(result.trace if base == "right" else damaged(result.trace))
        every = list(server(seen, "2.5"))
        for id in {id for claim in every for id in (claim.requirement, claim.about) if id}:
            alone = [claim for claim in server(seen, "2.5", [id]) if id in (claim.requirement, claim.about)]
            assert alone == [claim for claim in every if id in (claim.requirement, claim.about)], result.case.full_id


@pytest.mark.parametrize("base", ["right", "wrong"])
def test_an_operation_that_decides_nothing_need_not_be_worked_out(everything: list[Result], base: str) -> None:
    for result in everything:
        if result.case.kind == "probe" and result.trace.at("inner"):
            seen = read(result.trace if base == "right" else damaged(result.trace))
            every = list(framework(result.case, seen))
            for id in {claim.requirement for claim in every}:
                alone = [claim for claim in framework(result.case, seen, [id]) if claim.requirement == id]
                assert alone == [claim for claim in every if claim.requirement == id], result.case.full_id


def damaged(trace: Trace) -> Trace:
    """A trace with every event but the first missing at the outermost boundary, and every frame but the last."""
    kept = []
    for o in trace.observations:
        received = o.boundary == "outer" and o.kind == "receive" and o.data["event"].get("type") != "websocket.connect"
        if not received and (o.boundary, o.kind) != ("wire", "sent"):
            kept.append(o)
    missed = {"wait": "end", "seconds": 5.0, "app": {"waiting": {"outer.receive": "receive"}, "over": False}}
    return Trace((*kept, Observation(9_000_000, "client", "deadline", missed)))


def test_times_and_the_order_between_boundaries_do_not_matter(everything: list[Result]) -> None:
    wrong = [
        result.case.full_id
        for result in everything[::7]
        if judge(result.case, shuffled(result.trace, 7), CONTEXT).verdict
        is not judge(result.case, result.trace, CONTEXT).verdict
    ]
    assert not wrong


@pytest.mark.parametrize("module", ["close_code_rewritten", "close_reason_lost", "close_server_1000_for_4001"])
def test_times_do_not_matter_to_a_breach(module: str) -> None:
    results = run(f"targets.broken.{module}:app", rows("close.client.code[4001-bye]", "close.client.empty"))
    for result in results:
        again = judge(result.case, shuffled(result.trace, 3), CONTEXT)
        assert (again.verdict, again.layer) == (result.verdict, result.layer)


def test_nothing_is_judged_twice_differently(everything: list[Result]) -> None:
    assert not [result.case.full_id for result in everything if result.unstable]


def test_each_shipped_deviation_of_the_default_server_still_occurs(everything: list[Result]) -> None:
    seen = {finding.deviation for result in everything for finding in result.findings if finding.deviation}
    own = [d for d in deviations.load() if d.product in ("uvicorn", "starlette", "fastapi")]
    shipped = {d.id: d.occurs for d in own if not d.until and (not d.ws or "websockets-sansio" in d.ws)}
    assert {id for id, occurs in shipped.items() if occurs == "always"} <= seen <= set(shipped)


@pytest.mark.parametrize("ws", ["wsproto", "websockets"])
def test_uvicorns_other_implementations_are_green_by_their_known_deviations(ws: str) -> None:
    results = run("targets.broken.base:app", list(cases.load()), ws)
    bad = [(r.case.full_id, r.reason) for r in results if r.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)]
    assert not bad
    seen = {finding.deviation for result in results for finding in result.findings if finding.deviation}
    release = deviations.version_key(version("uvicorn"))
    shipped = {
        d.id: d.occurs
        for d in deviations.load()
        if d.product == "uvicorn" and (not d.ws or ws in d.ws)
        if not d.until or release <= deviations.version_key(d.until)
    }
    assert {id for id, occurs in shipped.items() if occurs == "always"} <= seen <= set(shipped)


def mutations(trace: Trace) -> Iterator[Trace]:
    """The trace with the disconnect that the application was given changed in one way each."""
    for field, value in (("code", 1000), ("code", None), ("code", "4001"), ("reason", "other")):
        changed = []
        for o in trace.observations:
            event = o.data.get("event") or {}
            if o.kind == "receive" and event.get("type") == "websocket.disconnect":
                o = o._replace(data={**o.data, "event": {**event, field: value}})
            changed.append(o)
        yield Trace(tuple(changed))


def test_a_wrong_disconnect_is_the_servers_where_it_is_wrong_at_the_outermost_boundary(
    everything: list[Result],
) -> None:
    result = next(r for r in everything if r.case.full_id == "close.client.code[4001-bye]")
    for trace in mutations(result.trace):
        judgement = judge(result.case, trace, CONTEXT)
        server = [f for f in judgement.findings if f.layer is Layer.SERVER and f.verdict is Verdict.FAIL]
        assert judgement.verdict is Verdict.FAIL
        assert server


def test_a_breach_by_a_newer_release_is_a_warning(everything: list[Result]) -> None:
    result = next(r for r in everything if r.case.full_id == "close.client.code[4001-bye]")
    newer = replace(CONTEXT, server=replace(SERVER, version="0.99.0"))
    trace = next(mutations(result.trace))
    server = [f for f in judge(result.case, trace, newer).findings if f.layer is Layer.SERVER]
    assert {f.verdict for f in server} <= {Verdict.PASS, Verdict.NOTE, Verdict.WARN}


def test_a_deviation_names_exactly_what_is_observed(everything: list[Result]) -> None:
    """Another breach of the same requirement still counts."""
    result = next(r for r in everything if r.case.full_id == "lost.open[fin]")
    changed = [
        o._replace(data={**o.data, "event": {**o.data["event"], "code": 1011}})
        if o.boundary == "outer" and o.kind == "receive" and o.data["event"].get("code") == 1005
        else o
        for o in result.trace.observations
    ]
    findings = judge(result.case, Trace(tuple(changed)), CONTEXT).findings
    lost = next(f for f in findings if f.requirement == "asgi.disconnect.lost-code")
    assert lost.verdict is Verdict.WARN


def test_a_message_that_arrived_before_its_send_had_returned_is_none_too_many() -> None:
    (result,) = run("targets.broken.base:app", rows("messages.app.in-order[two]"))
    returns = list(result.trace.at("outer", "sent"))
    assert len(returns) == 3  # of the accept and of two messages
    cut = Trace(tuple(o for o in result.trace.observations if o is not returns[-1]))
    assert judge(result.case, cut, CONTEXT).verdict is Verdict.PASS
    last = [o for o in result.trace.at("wire", "received") if o.data["opcode"] == "text"][-1]
    more = Trace(tuple(copy for o in result.trace.observations for copy in (o, o)[: 2 if o is last else 1]))
    assert judge(result.case, more, CONTEXT).verdict is Verdict.FAIL


def test_a_client_that_sends_too_early_may_be_refused_before_the_application_is_called() -> None:
    """No document speaks of it: what came is shown, whoever came first."""
    (result,) = run("targets.broken.base:app", rows("endings.early.data"))
    wire = [o for o in result.trace.observations if o.boundary in ("wire", "client") and o.kind != "response"]
    refused = Observation(9, "wire", "response", {"status": 400, "headers": [], "body": None})
    judgement = judge(result.case, Trace((*wire, refused)), CONTEXT)
    assert [f.observed for f in judgement.findings] == ["HTTP 400, and the application was not called"]
    assert judgement.verdict is Verdict.NOTE
