"""The command line beside pytest: what the suite holds, what reports say, and a program that shows a finding."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from . import __version__, deviations, requirements
from .model import Case
from .options import SERVERS
from .settings import SettingsError, nearest

USAGE = 2
EXITS = """exit status:
  0  done
  1  compare: a case regressed; merge --check: the merged verdict is not pass
  2  what was asked for cannot be done; one line on standard error says why
"""


class Refused(Exception):
    """What was asked for does not exist; the message is one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is that of `EXITS`."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except (Refused, SettingsError) as exc:
        print(f"asgi-conformance: {exc}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # The reader has gone (`| head`); without this Python complains at exit that it cannot flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="asgi-conformance",
        description="WebSocket conformance at the ASGI boundary.",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"asgi-conformance {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    add = commands.add_parser("list", help="the cases, or those that match ids or patterns")
    add.add_argument("case", nargs="*", metavar="ID", help="an id, or a pattern with * and ?")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_list)

    add = commands.add_parser("explain", help="one case, requirement or known deviation: what it is, and by whom")
    add.add_argument("id", metavar="ID", help="of a case (with or without its row), a requirement or a deviation")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_explain)

    add = commands.add_parser("requirements", help="the requirements, and the cases that decide them")
    add.add_argument("--level", choices=("MUST", "SHOULD", "MAY", "SILENT"), type=str.upper, help="only of this level")
    add.add_argument("--binds", choices=("server", "middleware", "framework", "application"), help="only of this layer")
    add.add_argument("--matrix", action="store_true", help="the page docs/requirements.md, with all cases")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_requirements)

    add = commands.add_parser("render", help="write a JSON report in another format")
    add.add_argument("report", type=Path, metavar="REPORT", help="a report that was written as .json")
    add.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=".html .json .md or .svg")
    add.add_argument("--json", action="store_true", help="say as JSON what was written")
    add.set_defaults(run=_render)

    add = commands.add_parser("compare", help="what became of the cases from one report to another")
    add.add_argument("a", type=Path, metavar="A", help="the earlier report (.json)")
    add.add_argument("b", type=Path, metavar="B", help="the later report (.json)")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_compare)

    add = commands.add_parser("merge", help="one report out of several: shards of a run, or jobs of a matrix")
    add.add_argument("reports", type=Path, nargs="+", metavar="REPORT", help="reports that were written as .json")
    add.add_argument("-o", "--output", type=Path, action="append", required=True, metavar="FILE", help="repeatable")
    add.add_argument("--check", action="store_true", help="exit 1 unless the merged verdict is pass")
    add.add_argument("--json", action="store_true", help="say as JSON what was written and what it came to")
    add.set_defaults(run=_merge)

    add = commands.add_parser("replay", help="print a program that shows a case without the suite")
    add.add_argument(
        "case", metavar="ID", help="a case; without its row the first one, or the first that a report blames"
    )
    add.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the program there, not to standard output"
    )
    add.add_argument("--server", metavar="NAME[:WS]", help="such as uvicorn:wsproto")
    add.add_argument("--report", type=Path, metavar="REPORT", help="repeat what this report says of the case")
    add.add_argument("--target", metavar="MODULE:ATTR", help="behind this application's own middleware")
    add.add_argument("--path", default="", help="with --target: the client's lane only, on this route of its own")
    add.add_argument("--factory", action="store_true", help="the target is called to make the application")
    add.add_argument("--json", action="store_true", help="the program and what it is about, as JSON")
    add.set_defaults(run=_replay)

    for command in commands.choices.values():
        command.epilog, command.formatter_class = EXITS, argparse.RawDescriptionHelpFormatter
    return parser


def _catalogue() -> tuple[Case, ...]:
    from . import catalogue

    return catalogue.load()


def _deciding() -> dict[str, dict[str, list[str]]]:
    from . import catalogue

    return catalogue.deciding()


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
    cases = _catalogue()
    known = {deviation.id: deviation for deviation in deviations.load()}
    rows = [case for case in cases if given.id in (case.full_id, case.id)]
    is_requirement = given.id in requirements.load()
    if is_requirement:
        _explain_requirement(given.id, given.json)
    # A case and a requirement may share their name: lines can hold both, one JSON value cannot.
    if given.id in known:
        _explain_deviation(known[given.id], given.json)
    elif rows and not (is_requirement and given.json):
        _explain_case(rows, given.json)
    elif not is_requirement:
        raise _unknown("case, requirement or deviation", given.id, cases, *requirements.load(), *known)
    return 0


def _explain_requirement(id: str, as_json: bool) -> None:
    from .report import explain
    from .report.plain import plain

    requirement, scripts = requirements.get(id), _deciding().get(id, {})
    if as_json:
        _json({**plain(requirement), "cases": [case for ids in scripts.values() for case in ids]})
    else:
        _show(explain.requirement(requirement, requirements.url(requirement), scripts))


def _explain_deviation(deviation: deviations.Deviation, as_json: bool) -> None:
    from .report import explain
    from .report.plain import plain

    ids = (deviation.requirement,) if isinstance(deviation.requirement, str) else deviation.requirement
    departed = [requirements.get(id) for id in ids]
    scripts = [script for id in ids for script in _deciding().get(id, {}).items()]
    shown_by = [name for name, cases in scripts if any(fnmatchcase(case, deviation.cases) for case in cases)]
    # Where the process ends, or a middleware breaks a rule of the server's, a case shows what it does not cite.
    shown_by = shown_by or [case.id for case in _catalogue() if fnmatchcase(case.full_id, deviation.cases)]
    names = list(dict.fromkeys(shown_by))
    if as_json:
        _json({**plain(deviation), "requirements": plain(departed), "cases": names})
    else:
        _show(explain.deviation(deviation, departed, names))


def _explain_case(rows: Sequence[Case], as_json: bool) -> None:
    from .report import explain
    from .report.plain import plain

    first = rows[0]
    cited = [requirements.get(id) for id in first.requires]
    if as_json:
        ids = [row.full_id for row in rows]
        _json({**plain(first), "id": first.full_id, "requirements": plain(cited), "rows": ids})
    else:
        _show(explain.case(first, cited, [row.row for row in rows]))


def _requirements(given: argparse.Namespace) -> int:
    from .report import explain
    from .report.plain import plain

    if given.matrix:
        from . import cases
        from .report.traceability import matrix

        if given.json or given.level or given.binds:
            raise Refused("--matrix is the whole page: it goes with no other option")
        print("\n".join(matrix(cases.deciding())))
        return 0
    chosen = [
        requirement
        for requirement in requirements.load().values()
        if given.level in (None, requirement.level) and given.binds in (None, requirement.binds)
    ]
    if given.json:
        _json([{**plain(requirement), "cases": list(_deciding().get(requirement.id, ()))} for requirement in chosen])
    else:
        _show(explain.requirements(chosen, _deciding()))
    return 0


def _render(given: argparse.Namespace) -> int:
    _formats([given.output])
    _write(_loaded(given.report), [given.output])
    if given.json:
        _json({"written": [str(given.output)]})
    return 0


def _merge(given: argparse.Namespace) -> int:
    from .report.merge import Unmergeable, merge

    _formats(given.output)
    reports = [_loaded(path) for path in given.reports]
    try:
        with _complete("one of these reports"):
            report = merge(reports)
    except Unmergeable as exc:
        raise Refused(str(exc)) from None
    _write(report, given.output)
    if given.json:
        _json({"written": [str(path) for path in given.output], "summary": report["summary"]})
    return 1 if given.check and report["summary"]["verdict"] != "pass" else 0


def _replay(given: argparse.Namespace) -> int:
    from . import replay

    case, found = _replayed(given)
    server, _, ws = (given.server or "uvicorn").partition(":")
    if server != "uvicorn" or (ws and ws not in SERVERS[server]):
        known = ", ".join(f"uvicorn:{ws}" for ws in SERVERS["uvicorn"])
        raise Refused(f"--server: a replay knows {known}, not {given.server}")
    if given.path and not given.target:
        raise Refused("--path is a route of the target's own; add --target=MODULE:ATTR")
    subject = replay.Subject(given.target or "", given.path, given.factory)
    try:
        program = replay.program(
            case,
            __version__,
            ws=ws or found.get("ws", "auto"),
            subject=subject,
            findings=found.get("findings", ()),
            reported_on=found.get("on", ""),
        )
    except replay.Unreplayable as exc:
        raise Refused(str(exc)) from None
    if given.output:
        try:
            given.output.write_text(program, encoding="utf-8")
        except OSError as exc:
            raise Refused(f"cannot write {given.output}: {exc.strerror or exc}") from None
    if given.json:
        _json({"id": case.full_id, "target": subject.target, "path": subject.path, "program": program})
    elif not given.output:
        print(program, end="")
    return 0


def _replayed(given: argparse.Namespace) -> tuple[Case, dict[str, Any]]:
    """The case to replay, and what a report says of it: ``findings``, ``ws`` of its server, and ``on`` what it ran."""
    from .replay.reported import blamed, route_case

    # An endpoint that runs somewhere is no target that a program could hold.
    catalogue = tuple(case for case in _catalogue() if case.kind != "url")
    if given.case.startswith("route."):
        case = route_case(given.case, given.path)
        if case is None:
            raise Refused(f'there is no way to treat a route like "{given.case}"; write route.close-4001[/path]')
        given.path = given.path or str(case.tags["route"])
        catalogue = (case,)
    rows = [case for case in catalogue if given.case in (case.full_id, case.id) or case.kind == "route"]
    if not rows:
        raise _unknown("case", given.case, catalogue)
    if given.report is None:
        return rows[0], {}
    report = _loaded(given.report)
    with _complete(str(given.report)):
        found = blamed(report, {case.full_id for case in rows})
    if not found:
        raise Refused(f"{given.report} says nothing of {given.case}")
    if rows[0].kind == "route":
        given.target = given.target or found["target"]
    return next(case for case in rows if case.full_id == found["id"]), found


def _formats(paths: Sequence[Path]) -> None:
    from .report.files import SUFFIXES

    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise Refused(f"{path}: unknown format; use one of {', '.join(SUFFIXES)}")


def _write(report: dict[str, Any], paths: Sequence[Path]) -> None:
    from .report.files import write

    for path in paths:
        try:
            with _complete("the report"):
                write(report, path)
        except OSError as exc:
            raise Refused(f"cannot write {path}: {exc.strerror or exc}") from None


def _compare(given: argparse.Namespace) -> int:
    from .report.compare import compare
    from .report.explain import compared

    a, b = _loaded(given.a), _loaded(given.b)
    with _complete("one of these reports"):
        found = compare(a, b)
        lines = list(compared(found))
    if given.json:
        _json(found.as_dict())
    else:
        _show(lines)
    return 1 if found.regressed else 0


def _loaded(path: Path) -> dict[str, Any]:
    from .report.files import load

    try:
        return load(path)
    except OSError as exc:
        raise Refused(f"cannot read {path}: {exc.strerror or exc}") from None
    except ValueError as exc:
        raise Refused(str(exc).rstrip(".")) from None


@contextmanager
def _complete(what: str) -> Iterator[None]:
    """A report that was edited, or cut off, is told in one line: what was looked for in it and is not there."""
    from .report.merge import Unmergeable

    try:
        yield
    except Unmergeable:
        raise
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as exc:
        raise Refused(f"{what} is not complete ({type(exc).__name__}: {exc})") from None


def _unknown(kind: str, id: str, cases: Sequence[Case], *others: str) -> Refused:
    names = dict.fromkeys([case.id for case in cases] + list(others) + [case.full_id for case in cases])
    return Refused(f'there is no {kind} "{id}"{nearest(id, names)}')


def _json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def _show(lines: Any) -> None:
    """Print lines: with colour and cut to size on a terminal, plain and whole where something else reads them."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=not terminal, no_color=not terminal or None)
    for line in lines:
        if terminal:
            console.print(line)
        else:
            print(str(line).rstrip())
