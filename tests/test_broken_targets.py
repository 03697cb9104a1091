"""The suite tested: every broken target is failed by the section that should, in the right layer, and by no other."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from asgi_conformance import cases
from asgi_conformance.addresses import OUTERMOST
from asgi_conformance.dialects import DIALECTS
from asgi_conformance.model import Case, Result, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import Settings

ROOT = Path(__file__).parent.parent
# `*_base` is a right application that others break.
BROKEN = sorted(path for path in (ROOT / "targets" / "broken").glob("[a-z]*_*.py") if not path.stem.endswith("_base"))
BREACH = (Verdict.FAIL, Verdict.WARN)
# Rows of each case function that stand for it: a fault shows in one of a kind or it is not one of the kind.
ROWS = 6
TELLING = ("4001-bye", "4001-nonascii", "empty", "newlines", "1mib", "4100-4001")


def declared(path: Path) -> dict[str, object]:
    """What a broken target says of itself, read without importing it."""
    out: dict[str, object] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            out[node.targets[0].id] = ast.literal_eval(node.value)
    return out


def sample(sections: Collection[str] = (), closely: Collection[str] = ()) -> list[Case]:
    """Some rows of every case function of some sections (of all).

    In the sections that are looked at ``closely``, a third of the rows of the functions that have most of them.
    """
    by_id: dict[str, list[Case]] = defaultdict(list)
    for case in cases.load():
        if not sections or case.section in sections:
            by_id[case.id].append(case)
    chosen = []
    for id, rows in by_id.items():
        single = ("states.transitions", "illegal.operation", "handshake.headers", "messages.client.text")
        whole = rows[0].section in closely and id in single
        # A third of the many, evenly: a fault in a single transition is what the mutations are for.
        some = rows[::3] if whole else rows[:: max(1, len(rows) // ROWS)]
        chosen += some + [c for c in rows if c not in some and c.row.startswith(TELLING)]
    return chosen


def results_of(
    target: str, sections: Collection[str] = (), closely: Collection[str] = (), server: bool = True
) -> list[Result]:
    """Run the sample against a target; what leaves the target out only where the ``server`` may be broken."""
    run = Run(Plan(f"{target}:app", str(ROOT), settings=Settings(deadline=1.5)))
    try:
        run.ready()
        return run.results([c for c in sample(sections, closely) if server or OUTERMOST not in c.needs])
    finally:
        run.stop()


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_broken_target_is_blamed_rightly(path: Path) -> None:
    says = declared(path)
    if says["SECTION"] == "routes":
        pytest.skip("route cases are tried in test_routes.py")
    sections = {says["SECTION"], *says.get("ALSO", ())}  # type: ignore[misc]
    if says["LAYER"] == "middleware":
        sections.add("middleware")
    framework = path.stem.partition("_")[0]
    # What a framework other than Starlette does wrong is looked for where it must show, and in two more sections.
    some = {*sections, framework, "close", "lost"} if framework in DIALECTS else ()
    results = results_of(f"targets.broken.{path.stem}", some, sections, says["LAYER"] == "server")
    breached = [r for r in results if r.verdict in BREACH]
    errors = [(r.case.full_id, r.reason) for r in results if r.verdict is Verdict.ERROR]
    assert not errors
    right = [r for r in breached if r.case.section == says["SECTION"]]
    assert right, "no case of its section saw the fault"
    assert {r.layer for r in breached} == {says["LAYER"]}
    elsewhere = {r.case.section for r in breached} - sections
    assert not elsewhere, f"also failed by {elsewhere}"
    assert any(fnmatchcase(r.case.id, str(says["CASE"]) or "*") for r in right)


def test_the_right_base_of_the_broken_targets_is_green() -> None:
    results = results_of("targets.broken.base", (), ("states", "illegal", "handshake", "messages"))
    assert {r.verdict for r in results} <= {Verdict.PASS, Verdict.NOTE, Verdict.KNOWN, Verdict.SKIP}


def test_every_section_has_three_broken_targets() -> None:
    count: dict[object, int] = defaultdict(int)
    for path in BROKEN:
        count[declared(path)["SECTION"]] += 1
    sections = {case.section for case in cases.load()} - {"middleware", *DIALECTS} | {"routes"}
    assert not {section for section in sections if count[section] < 3}


@pytest.mark.parametrize("framework", sorted({case.section for case in cases.load()} & set(DIALECTS)))
def test_every_framework_has_three_broken_targets(framework: str) -> None:
    assert len([path for path in BROKEN if path.stem.startswith(f"{framework}_")]) >= 3


@pytest.mark.parametrize("framework", sorted({case.section for case in cases.load()} & set(DIALECTS)))
def test_the_right_base_of_a_framework_is_green(framework: str) -> None:
    results = results_of(f"targets.broken.{framework}_base", {framework, "close", "handshake", "lost", "messages"})
    assert {r.verdict for r in results} <= {Verdict.PASS, Verdict.NOTE, Verdict.KNOWN, Verdict.SKIP}
