"""The catalogue as a whole: ids, titles, requirements, rows."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from asgi_conformance import cases, paths, requirements
from asgi_conformance.harness.program import compile_case

FROZEN = Path(__file__).with_name("case_ids.txt")


def test_ids_are_unique() -> None:
    doubled = [id for id, count in Counter(case.full_id for case in cases.load()).items() if count > 1]
    assert not doubled


def test_ids_are_frozen() -> None:
    """An id is given once and never renamed: users name ids in baselines and CI. New ones are added to the list."""
    assert sorted({case.id for case in cases.load()}) == FROZEN.read_text("utf-8").split()


def test_full_ids_can_be_typed() -> None:
    assert all(re.fullmatch(r"[!-~]+", case.full_id) for case in cases.load())


def test_titles_say_what_holds() -> None:
    """Title style: a sentence in the present that states the rule, not that something is tested."""
    wrong = {
        case.id
        for case in cases.load()
        if not case.title.endswith(".") or re.search(r"\b(should|test that|tests|verify|check)\b", case.title.lower())
    }
    assert not wrong


def test_every_case_cites_requirements_that_exist() -> None:
    known = requirements.load()
    assert not {(case.id, id) for case in cases.load() for id in case.requires if id not in known}
    assert not [case.id for case in cases.load() if not case.requires]


def test_every_requirement_has_a_case_or_a_reason() -> None:
    cited = cases.cited()
    known = requirements.load()
    assert not [id for id, r in known.items() if id not in cited and not r.no_case]
    assert not [id for id, r in known.items() if id in cited and r.no_case]


def test_walks_cover_the_state_table() -> None:
    walked = {t for case in cases.load() if case.section == "states" for t in case.tags["transitions"]}
    assert len(walked) == paths.totals()["transitions"]


def test_there_are_enough_cases() -> None:
    assert len(cases.load()) >= 1200


def test_every_case_compiles_with_its_barriers() -> None:
    for case in cases.load():
        if case.kind == "probe":
            program = compile_case(case)
            assert len(program.app) + len(program.client) == len(case.steps)
            waits = {index for index, _, _, wait, _ in program.app if wait}
            assert waits == set(program.releases.values()), case.full_id
