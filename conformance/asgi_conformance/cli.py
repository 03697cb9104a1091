"""The command line beside pytest: what the suite holds, what a report says, and how two reports differ."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from . import __version__, requirements
from .model import Case
from .settings import nearest

USAGE = 2


class Refused(Exception):
    """What was asked for does not exist; the message is one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status: 0, 1 where `compare` found a regression, 2 for what cannot be done."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except Refused as exc:
        print(f"asgi-conformance: {exc}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # The reader has gone (`| head`); without this Python complains at exit that it cannot flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="asgi-conformance", description="WebSocket conformance at the ASGI boundary.")
    parser.add_argument("--version", action="version", version=f"asgi-conformance {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    add = commands.add_parser("list", help="the cases, or those that match ids or patterns")
    add.add_argument("case", nargs="*", metavar="ID", help="an id, or a pattern with * and ?")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_list)

    add = commands.add_parser("explain", help="one case or one requirement: what is demanded, and by whom")
    add.add_argument("id", metavar="ID", help="the id of a case (with or without its row) or of a requirement")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_explain)

    add = commands.add_parser("requirements", help="the requirements, and the cases that decide them")
    add.add_argument("--level", choices=("MUST", "SHOULD", "MAY", "SILENT"), type=str.upper, help="only of this level")
    add.add_argument("--binds", choices=("server", "middleware", "framework", "application"), help="only of this layer")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_requirements)

    add = commands.add_parser("render", help="write a JSON report in another format")
    add.add_argument("report", type=Path, metavar="REPORT", help="a report that was written as .json")
    add.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=".html .json .md or .svg")
    add.set_defaults(run=_render)

    add = commands.add_parser("compare", help="what became of the cases from one report to another")
    add.add_argument("a", type=Path, metavar="A", help="the earlier report (.json)")
    add.add_argument("b", type=Path, metavar="B", help="the later report (.json)")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_compare)
    return parser


@cache
def _catalogue() -> tuple[Case, ...]:
    from . import cases

    return cases.load()


def _list(given: argparse.Namespace) -> int:
    from .report.plain import plain
    from .selection import matching

    cases: Sequence[Case] = _catalogue()
    if given.case:
        chosen, unmatched = matching(cases, given.case)
        if unmatched:
            raise _unknown("case", unmatched[0], cases)
        cases = chosen
    if given.json:
        fields = ("section", "kind", "title", "requires")
        _json([{"id": case.full_id, **{name: plain(getattr(case, name)) for name in fields}} for case in cases])
        return 0
    from .report.explain import listed

    _show(listed(cases))
    return 0


def _explain(given: argparse.Namespace) -> int:
    from .report import explain
    from .report.plain import plain

    cases = _catalogue()
    if given.id in requirements.load():
        requirement = requirements.get(given.id)
        deciding = [case for case in cases if given.id in case.requires]
        if given.json:
            _json({**plain(requirement), "cases": [case.full_id for case in deciding]})
        else:
            _show(explain.requirement(requirement, requirements.url(requirement), deciding))
        return 0
    rows = [case for case in cases if given.id in (case.full_id, case.id)]
    if not rows:
        raise _unknown("case or requirement", given.id, cases, *requirements.load())
    cited = [requirements.get(id) for id in rows[0].requires]
    if given.json:
        _json(
            {
                **plain(rows[0]),
                "id": rows[0].full_id,
                "requirements": plain(cited),
                "rows": [row.full_id for row in rows],
            }
        )
    else:
        _show(explain.case(rows[0], cited, [row.row for row in rows]))
    return 0


def _requirements(given: argparse.Namespace) -> int:
    from .report import explain
    from .report.plain import plain

    chosen = [
        requirement
        for requirement in requirements.load().values()
        if given.level in (None, requirement.level) and given.binds in (None, requirement.binds)
    ]
    deciding: dict[str, list[str]] = {}
    for case in _catalogue():
        for id in case.requires:
            names = deciding.setdefault(id, [])
            if case.id not in names:
                names.append(case.id)
    if given.json:
        _json([{**plain(requirement), "cases": deciding.get(requirement.id, [])} for requirement in chosen])
    else:
        _show(explain.requirements(chosen, deciding))
    return 0


def _render(given: argparse.Namespace) -> int:
    from .report.files import SUFFIXES, write

    if given.output.suffix.lower() not in SUFFIXES:
        raise Refused(f"{given.output}: unknown format; use one of {', '.join(SUFFIXES)}")
    report = _loaded(given.report)
    try:
        write(report, given.output)
    except OSError as exc:
        raise Refused(f"cannot write {given.output}: {exc.strerror or exc}") from None
    return 0


def _compare(given: argparse.Namespace) -> int:
    from .report.compare import compare
    from .report.explain import compared

    found = compare(_loaded(given.a), _loaded(given.b))
    if given.json:
        _json(found.as_dict())
    else:
        _show(compared(found))
    return 1 if found.regressed else 0


def _loaded(path: Path) -> dict[str, Any]:
    from .report.files import load

    try:
        return load(path)
    except OSError as exc:
        raise Refused(f"cannot read {path}: {exc.strerror or exc}") from None
    except ValueError as exc:
        raise Refused(str(exc).rstrip(".")) from None


def _unknown(kind: str, id: str, cases: Sequence[Case], *others: str) -> Refused:
    names = dict.fromkeys([case.id for case in cases] + list(others) + [case.full_id for case in cases])
    return Refused(f'there is no {kind} "{id}"{nearest(id, names)}')


def _json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def _show(lines: Any) -> None:
    """Print lines: with colour and cut to size on a terminal, plain and whole where something else reads them."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=not terminal, no_color=not terminal)
    for line in lines:
        if terminal:
            console.print(line)
        else:
            print(str(line).rstrip())
