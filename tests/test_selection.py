"""Which cases run: patterns, node ids, routes and profiles, and the nearest name for what is not there."""

from __future__ import annotations

import pytest

from asgi_conformance import cases, requirements
from asgi_conformance.model import Case, Layer
from asgi_conformance.script import registered
from asgi_conformance.selection import from_node_ids, matching, may_name, no_such_case, of_profile, routes_matching
from asgi_conformance.settings import SettingsError


def case(id: str, row: str = "", requires: tuple[str, ...] = (), kind: str = "probe") -> Case:
    return Case(id, "It holds.", id.partition(".")[0], requires, row=row, kind=kind)


CASES = [
    case("close.client.code", "1000-none"),
    case("close.client.code", "4001-bye"),
    case("close.app.code", "1000-none"),
    case("messages.text"),
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("close.client.code[4001-bye]", ["close.client.code[4001-bye]"]),
        ("close.client.code", ["close.client.code[1000-none]", "close.client.code[4001-bye]"]),
        ("messages.text", ["messages.text"]),
        ("close.*[1000-*", ["close.client.code[1000-none]", "close.app.code[1000-none]"]),
        ("*bye]", ["close.client.code[4001-bye]"]),
        ("close.client.code[?001-bye]", ["close.client.code[4001-bye]"]),
        ("close.client.code[14001-bye]", []),
        ("close.client", []),
    ],
)
def test_a_pattern_is_an_id_an_id_without_its_row_or_a_glob(pattern: str, expected: list[str]) -> None:
    chosen, unmatched = matching(CASES, [pattern])
    assert [c.full_id for c in chosen] == expected
    assert unmatched == ([] if expected else [pattern])


def test_cases_keep_their_order_and_are_chosen_once() -> None:
    chosen, unmatched = matching(CASES, ["messages.text", "nothing", "*", "messages.text"])
    assert chosen == CASES
    assert unmatched == ["nothing"]


@pytest.mark.parametrize(
    ("pattern", "nearest"),
    [
        ("close.client.cod", '"close.client.code"'),
        ("close.client.code[4001-by]", '"close.client.code[4001-bye]"'),
        ("mesages.text", '"messages.text"'),
    ],
)
def test_what_matches_nothing_names_the_nearest(pattern: str, nearest: str) -> None:
    assert str(no_such_case(pattern, CASES)) == f"--case={pattern} matches no case; did you mean {nearest}?"


def test_node_ids_are_taken_out_of_the_arguments() -> None:
    arguments = ["tests", "conformance::close.client.code[4001-bye]", "conformance", "tests/test_a.py::test_b"]
    own, rest = from_node_ids(arguments)
    assert own == ["close.client.code[4001-bye]"]
    assert rest == ["tests", "conformance", "tests/test_a.py::test_b"]


def test_routes_are_chosen_by_path_or_glob() -> None:
    routes = ["/chat/{room}", "/feed", "/feed/live"]
    assert routes_matching(routes, ["/feed"]) == ["/feed"]
    assert routes_matching(routes, ["/feed*"]) == ["/feed", "/feed/live"]
    assert routes_matching(routes, ["/chat/{room}"]) == ["/chat/{room}"]
    with pytest.raises(SettingsError, match=r'--route=/fed matches no WebSocket route .*; did you mean "/feed"\?'):
        routes_matching(routes, ["/fed"])


def test_a_profile_takes_what_binds_its_layer() -> None:
    by_layer = {
        layer: next(r.id for r in requirements.load().values() if r.binds is layer)
        for layer in Layer
        if any(r.binds is layer for r in requirements.load().values())
    }
    server = case("a.server", requires=(by_layer[Layer.SERVER],))
    framework = case("b.framework", requires=(by_layer[Layer.FRAMEWORK],))
    route = case("c.route", requires=(by_layer[Layer.SERVER],), kind="route")
    everything = [server, framework, route]
    assert of_profile(everything, "server") == [server]
    assert of_profile(everything, "framework") == [framework]
    assert of_profile(everything, "app") == of_profile(everything, "all") == everything


@pytest.mark.parametrize(
    "pattern",
    ["close.client.code", "close.client.code[1000-none]", "close.*", "close.client.c*[1000*", "states.pairs"],
)
def test_the_functions_that_a_pattern_may_name_hold_all_that_it_names(pattern: str) -> None:
    named = {case.id for case in matching(cases.load(), [pattern])[0]}
    assert named
    may = {id for id in registered() if may_name(pattern, id)}
    assert named <= may
    assert {case.id for case in cases.load(lambda id: may_name(pattern, id))} == may
    assert may < set(registered())
