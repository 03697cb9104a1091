"""Routes as the suite visits them: what was discovered and what the user configured become cases and connections."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest

from asgi_conformance import close_codes, requirements
from asgi_conformance.cases.routes import (
    CLOSINGS,
    HALF_A_FRAME,
    LONG_TEXT,
    REQUIRES,
    UNREAD,
    WAYS,
    Subject,
    route_cases,
    row_of,
)
from asgi_conformance.harness.frames import FrameReader
from asgi_conformance.judge.application import _LOG
from asgi_conformance.model import Attempt, Case, Finding, Layer, Level, Observation, Result, Trace, Verdict
from asgi_conformance.routes import cases_of, fresh_visit, routes_of, with_fresh_messages
from asgi_conformance.selection import may_name_a_route
from asgi_conformance.settings import Settings, SettingsError
from asgi_conformance.visits import Visits, side_by_side

FROZEN = {
    "route.close-1000", "route.close-4001", "route.close-empty", "route.fin", "route.rst", "route.half-close",
    "route.close-1001", "route.close-1002", "route.close-1008", "route.close-1011", "route.close-1012",
    "route.close-3000", "route.close-4999",
    "route.before-accept", "route.after-accept", "route.beside",
    "route.text", "route.binary", "route.not-json", "route.empty", "route.large",
    "route.burst", "route.mid-message", "route.while-app-sends", "route.stops-reading",
}  # fmt: skip

ONE = (Subject("/a"),)


def fact(path: str = "/chat/{room}", url: str | None = None, **more: Any) -> dict[str, Any]:
    params = dict.fromkeys(re.findall(r"{(\w+)", path), "x")
    where = {"handler": "app.chat", "file": "/home/me/app.py", "line": 12}
    return {"path": path, "url": url or path, "host": "", "params": params, "kind": "starlette", **where, **more}


def settings(path: str = "/chat/{room}", **table: Any) -> Settings:
    return Settings(route={path: table})


def only(found: list[dict[str, Any]], given: Settings = Settings()) -> Any:  # noqa: B008  (frozen)
    (route,) = routes_of(found, given, "/home/me")
    return route


# Cases


def test_the_ids_are_frozen() -> None:
    assert set(WAYS) == FROZEN


def test_every_way_has_a_case_for_every_route() -> None:
    found = list(route_cases([Subject("/a"), Subject("/b/{id:int}")]))
    assert len({case.full_id for case in found}) == 2 * len(WAYS)
    assert found[0].full_id == "route.close-1000[/a]"
    assert {case.kind for case in found} == {"route"}
    assert {case.section for case in found} == {"routes"}
    assert all(step.lane == "client" for case in found for step in case.steps)


def test_a_row_is_ascii_without_spaces_and_square_brackets() -> None:
    assert row_of("/räume/[x] y") == "/r%C3%A4ume/%5Bx%5D%20y"


def test_all_that_route_cases_decide_binds_the_application_or_what_made_the_exception() -> None:
    of_others = {id for id in REQUIRES if requirements.get(id).binds is not Layer.APPLICATION}
    assert of_others == {"suite.framework.no-exception"}


def test_every_finding_says_how_to_mend_it_and_what_the_log_will_show() -> None:
    judged = [requirements.get(id) for id in REQUIRES if requirements.get(id).level is not Level.SILENT]
    assert {requirement.id for requirement in judged} == set(_LOG)
    assert all(requirement.fix for requirement in judged)
    assert all("log" in text for text in _LOG.values())


def test_first_messages_are_sent_and_waited_for() -> None:
    case = next(route_cases([Subject("/a", messages=("hello", "again"))]))
    assert [step.args.get("payload") for step in case.steps if step.op == "send"] == ["hello", "again"]
    assert next(step.args["messages"] for step in case.steps if step.op == "settled") == 2


def test_each_class_of_code_that_a_client_may_send_has_a_close() -> None:
    """What stands for a class is written beside it; the others never reach a handler as they are."""
    tried = {close_codes.describe(closing.code).kind for closing in CLOSINGS if closing.code is not None}
    legal = {row.kind for row in map(close_codes.describe, range(close_codes.MAXIMUM + 1)) if row.client_legal}
    assert tried == legal
    assert all(closing.stands_for for closing in CLOSINGS)
    assert all(case.title.startswith("The handler") or case.tags["way"] == "beside" for case in route_cases(ONE))


def test_what_a_client_leaves_unread_is_more_than_a_narrow_connection_holds() -> None:
    """64 KiB in the server, and what the kernel took of such a connection: at most 100 KiB."""
    assert UNREAD * len(LONG_TEXT.unit) * LONG_TEXT.times > 2 * (64 + 100) * 1024


def test_half_a_frame_is_half_a_frame() -> None:
    reader = FrameReader()
    assert list(reader.feed(HALF_A_FRAME)) == []
    assert reader.incomplete


def test_a_message_that_is_configured_is_what_the_handler_is_made_to_answer() -> None:
    cases = {case.tags["way"]: case for case in route_cases([Subject("/a", messages=("join", "say"))])}
    for way in ("while-app-sends", "stops-reading"):
        sent = [step.args["payload"] for step in cases[way].steps if step.op.startswith("send")]
        assert sent == ["join", "say", "say"]


# Connections


def test_parameters_are_filled_with_examples_and_with_what_is_configured() -> None:
    assert only([fact()]).visit.path == "/chat/x"
    assert only([fact()], settings(params={"room": "a b/c"})).visit.path == "/chat/a%20b/c"
    assert only([fact()], settings(params={"room": 7})).visit.path == "/chat/7"


def test_the_route_adds_to_what_every_connection_carries() -> None:
    given = Settings(
        headers={"X-One": "1", "authorization": "old"},
        query="a=1",
        cookies={"c": "1"},
        route={"/chat/{room}": {"headers": {"Authorization": "new"}, "query": {"b": "2"}, "cookies": {"d": "2"}}},
    )
    visit = only([fact()], given).visit
    assert visit.path == "/chat/x?a=1&b=2"
    assert visit.headers == (("X-One", "1"), ("Cookie", "c=1; d=2"), ("Authorization", "new"))


def test_a_host_route_is_visited_under_its_host() -> None:
    found = fact("{sub}.example.org/h", "/h", host="{sub}.example.org")
    visits = Visits()
    visits.take(routes_of([found], Settings(), "."))
    (case, *_), port = cases_of(visits.routes.values()), 80
    assert ("Host", "x.example.org") in visits.address(case, port).headers


def test_a_placeholder_is_a_fresh_value_for_each_connection() -> None:
    given = settings(query="session={uuid}", messages=["join {uuid}"])
    route = only([fact(params={"room": "{uuid}"})], given)
    first, second = fresh_visit(route.visit), fresh_visit(route.visit)
    assert first.path != second.path
    path, _, query = first.path.partition("?session=")
    assert UUID(path.rpartition("/")[2]) == UUID(query)
    sent = next(step for step in with_fresh_messages(cases_of([route])[0]).steps if step.op == "send")
    assert UUID(sent.args["payload"].removeprefix("join "))


def test_the_handler_is_shown_from_the_application_folder() -> None:
    assert only([fact()]).fact == {"path": "/chat/{room}", "handler": "app.chat", "file": "app.py", "line": 12}


# Settings


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"parms": {}}, 'unknown key "parms"; did you mean "params"?'),
        ({"params": "x"}, '"params" must be a table, not a string'),
        ({"denial": True}, '"denial" must be a number, not true or false'),
    ],
)
def test_a_wrong_table_is_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        routes_of([fact()], settings(**table), ".")


def test_a_table_for_a_route_that_is_misspelt_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean"):
        routes_of([fact()], settings("/chat/{rom}"), ".")


def test_a_route_that_only_the_settings_know_is_visited() -> None:
    found = [route.subject for route in routes_of([fact()], settings("/graphql"), ".")]
    assert [(subject.path, subject.given) for subject in found] == [("/chat/{room}", False), ("/graphql", True)]


def test_routes_are_chosen_by_the_settings() -> None:
    found = [fact("/a"), fact("/b")]
    assert routes_of(found, Settings(routes="none"), ".") == []
    assert len(routes_of(found, Settings(routes="none"), ".", every=True)) == 2
    assert [r.subject.path for r in routes_of(found, Settings(routes=("/b*",)), ".")] == ["/b"]
    with pytest.raises(SettingsError, match="/c matches no route"):
        routes_of(found, Settings(routes=("/c",)), ".")


def test_a_target_that_shows_no_route_is_visited_where_the_settings_say() -> None:
    assert [r.subject.path for r in routes_of([], Settings(routes=("/ws",)), ".")] == ["/ws"]


@pytest.mark.parametrize("pattern", ["*", "r*", "route.*", "route.fin[/a]", "*fin*"])
def test_a_pattern_that_may_name_a_route(pattern: str) -> None:
    assert may_name_a_route(pattern)


@pytest.mark.parametrize("pattern", ["close.client.code", "close.*", "routes.x"])
def test_a_pattern_that_cannot_name_a_route(pattern: str) -> None:
    assert not may_name_a_route(pattern)


# One finding for one fault


def result(way: str, observed: str) -> Result:
    case = next(case for case in route_cases([Subject("/a")]) if case.tags["way"] == way)
    id, layer = "suite.handler.input-tolerated", Layer.APPLICATION
    finding = Finding(id, Level.SHOULD, layer, Verdict.WARN, layer, "route", "", observed)
    attempt = Attempt(Verdict.WARN, (finding,), Trace(()), 1)
    return Result(case, "n", "uvicorn", Verdict.WARN, Layer.APPLICATION, (attempt,))


def test_the_same_fault_is_found_once() -> None:
    visits = Visits()
    first = result("text", "ValueError: a left the handler at app.py:7")
    assert visits.folded(first) == first
    visits.note(first)
    assert visits.folded(first) == first
    again = visits.folded(result("not-json", "ValueError: b left the handler at app.py:7"))
    assert (again.verdict, again.layer) == (Verdict.NOTE, None)
    assert again.findings[0].message == "the same cause as in route.text[/a]"
    other = result("binary", "KeyError: c left the handler at app.py:9")
    assert visits.folded(other) == other


def test_earlier_ways_of_the_route_are_visited_before_a_fault_is_told() -> None:
    """A fault belongs to the first way that shows it, whoever runs which case in which order."""
    cases = list(route_cases([Subject("/a"), Subject("/b")]))
    visits = Visits()
    visits.expect(reversed(cases))
    by_id = {case.full_id: case for case in cases}
    visits.begin(by_id["route.close-4001[/a]"])
    visits.begin(by_id["route.close-empty[/a]"])
    assert [case.full_id for case in visits.before(by_id["route.close-empty[/a]"])] == ["route.close-1000[/a]"]
    assert visits.before(by_id["route.close-1000[/b]"]) == []


def test_a_deselected_way_is_not_visited() -> None:
    visits = Visits()
    assert visits.before(next(route_cases([Subject("/a")]))) == []


def test_what_a_route_is_configured_with_may_be_a_credential() -> None:
    given = settings(headers={"authorization": "Bearer abc"}, cookies={"sid": "12345"})
    assert given.secrets == ["Bearer abc", "12345"]


def test_a_handler_that_did_not_come_to_wait_is_not_waited_for_so_long_again() -> None:
    visits, (case, *_) = Visits(), list(route_cases(ONE))
    assert not any(step.args.get("brief") for step in visits.prepared(case).steps)
    visits.learn(case, Trace((Observation(1, "client", "unsettled", {"messages": 0}),)))
    settled = [step.args for step in visits.prepared(case).steps if step.op == "settled"]
    assert settled == [{"messages": 0, "brief": True}]


# Side by side


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_routes_are_looked_at_side_by_side_and_each_one_by_one(limit: int) -> None:
    cases = list(route_cases([Subject(path) for path in ("/a", "/b", "/c")]))
    order: dict[str, list[str]] = {"/a": [], "/b": [], "/c": []}
    open_: set[str] = set()
    most = 0

    async def look(case: Case) -> tuple[Result | None, bool]:
        nonlocal most
        route = case.tags["route"]
        assert route not in open_
        open_.add(route)
        most = max(most, len(open_))
        await asyncio.sleep(0)
        open_.remove(route)
        order[route].append(case.id)
        if route == "/b" and case.id == "route.fin":
            return None, False
        if route == "/c" and case.id == "route.rst":
            return None, True
        return Result(case, "n", "uvicorn", Verdict.PASS, None, ()), True

    found = asyncio.run(side_by_side(cases, limit, look))
    assert most == min(limit, 3)
    assert order["/a"] == order["/c"] == list(WAYS)
    assert order["/b"] == list(WAYS)[: list(WAYS).index("route.fin") + 1]
    assert all(found[place].case is cases[place] for place in found)
    left = {cases[place].full_id for place in range(len(cases)) if place not in found}
    assert left == {"route.rst[/c]", *(f"{id}[/b]" for id in list(WAYS)[list(WAYS).index("route.fin") :])}
