"""Makes the program: what it says of the case at its top, which parts of the template it needs, and both lanes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from .. import requirements
from ..harness.program import compile_case
from ..model import Case, Requirement
from .comparisons import comparisons
from .lanes import CLIENT_OPS, client, handler
from .source import source

# What is asked of a handler of the target's own. Sends that raise because the client has gone are its right.
_HANDLER_CHECKS = (
    'check("suite.handler.ends", "the application ends", done["over"].is_set(), done["over"].is_set())',
    'escaped = [exc for exc in seen["left"] if not isinstance(exc, OSError)]',
    'check("suite.handler.disconnect-caught", "no exception leaves the application", escaped, not escaped)',
    'refused = [exc for way, exc in seen["server"] if way == "raised" and not isinstance(exc, OSError)]',
    'check("asgi.send", "no event that the server refuses", refused, not refused)',
)
# In the needs of a case about the server alone (addresses.py).
OUTERMOST = "outermost"
# What a client does about its own TCP connection that the program's template has no words for.
HELD_BACK = frozenset({"cork", "uncork", "open-early", "answered", "keep-open", "stop-reading", "read-again", "over"})
_PACKAGES = {"wsproto": "uvicorn wsproto websockets starlette"}


class Unreplayable(ValueError):
    """There is no program for a case; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a replay runs against instead of an application of its own.

    ``target`` is ``module:attribute``; ``path`` one of its own routes, or '' where the case's handler is put behind
    its middleware; ``factory``: the attribute is called to make the application.
    """

    target: str = ""
    path: str = ""
    factory: bool = False


def program(
    case: Case,
    version: str,
    ws: str = "auto",
    subject: Subject | None = None,
    findings: Sequence[Mapping[str, Any]] = (),
    reported_on: str = "",
) -> str:
    """The source of a program that replays a case; ``findings`` are those of a report, which it repeats.

    Raises:
        Unreplayable: the case cannot be shown in this way.
    """
    subject = subject or Subject()
    if why := _unreplayable(case, subject):
        raise Unreplayable(f"{case.full_id} cannot be replayed: {why}")
    alone = bool(subject.path)
    compiled = compile_case(case)
    cited = [requirements.get(id) for id in case.requires if id in requirements.load()]
    client_lines = list(client(case, compiled, alone))
    handler_lines = [] if alone else list(handler(case, compiled))
    check_lines = list(_HANDLER_CHECKS) if alone else list(comparisons(case, cited, bool(subject.target)))
    if not check_lines:
        raise Unreplayable(f"{case.full_id} cannot be replayed: a program cannot tell {', '.join(case.requires)}")
    told = [line for finding in findings for line in _reported(finding)]
    template = _environment().get_template("program.py.j2")
    return template.render(
        id=case.full_id,
        title=_docstring(case.title),
        version=version,
        told=_header(told, reported_on, subject),
        decides=_decides(cited),
        reported=told,
        without=[source(need.removeprefix("without:")) for need in sorted(case.needs) if need.startswith("without:")],
        packages=_PACKAGES.get(ws, "uvicorn websockets starlette"),
        target=subject.target,
        factory=subject.factory,
        url=subject.path or ("/replay" if subject.target else "/"),
        inside=not alone,
        ws=ws,
        client=client_lines,
        handler=handler_lines,
        checks=check_lines,
        uses="\n".join([*client_lines, *handler_lines, *check_lines]),
    )


def _unreplayable(case: Case, subject: Subject) -> str:
    if case.kind == "surface":
        return "it is about documented names and values and has no exchange; asgi-conformance explain says which"
    if case.kind == "route" and not (subject.target and subject.path):
        return "it is about a route of the target's own; add --target=MODULE:ATTR, and --path=PATH"
    if "middleware" in case.needs and not subject.target:
        return "it is about a target's own middleware; add --target=MODULE:ATTR"
    if OUTERMOST in case.needs:
        return "it is about the request and its scope, and a replay shows what follows them"
    if case.id == "route.beside":
        return "it needs a second client beside the first"
    spoken = {need.partition(":")[2] for need in case.needs if need.startswith("framework:")} - {"starlette", "fastapi"}
    if spoken:
        return f"its handler is one of {', '.join(sorted(spoken))}; a replay speaks through Starlette's WebSocket"
    if case.server:
        return f"it needs a server of its own, configured for it ({case.server})"
    if any(step.op in ("join", "abandon", "cancel") for step in case.steps if step.lane == "app"):
        return "its handler is cancelled or has a second task, which a replay has not"
    denies = any(id.startswith("asgi.denial.") for id in case.requires)
    if denies and any(step.lane == "app" and step.op == "send" for step in case.steps):
        return "its denial is sent event by event, and a replay sends a whole response"
    if any(step.op in HELD_BACK for step in case.steps if step.lane == "client"):
        return "its client holds back or hurries what it writes or reads, which a replay has not"
    unknown = next((step.op for step in case.steps if step.lane == "client" and step.op not in CLIENT_OPS), "")
    return f"there is no such step in a replay: {unknown}" if unknown else ""


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["source"] = source
    return environment


def _header(told: Sequence[str], reported_on: str, subject: Subject) -> list[str]:
    lines = [f"It runs against {subject.target}{_where(subject)}.", ""] if subject.target else []
    if told:
        lines += [
            f"A report on {reported_on} says:" if reported_on else "A report says:",
            *(f"  {t}" for t in told),
            "",
        ]
    return [_docstring(line) for line in lines]


def _where(subject: Subject) -> str:
    return f", on its own route {subject.path}" if subject.path else ", with a handler put behind its own middleware"


def _reported(finding: Mapping[str, Any]) -> list[str]:
    who = f" by {finding['component']}" if finding["component"] else ""
    known = f", known as {finding['deviation']}" if finding["deviation"] else ""
    return [
        _line(f"{finding['verdict']}{known}: {finding['requirement']} is breached by the {finding['layer']}{who}"),
        _line(f"  expected {finding['expected']}"),
        _line(f"  observed {finding['observed']}"),
    ]


def _decides(cited: Sequence[Requirement]) -> list[str]:
    lines = []
    for requirement in cited:
        statement = f"{requirement.level}, {requirement.binds}: {requirement.statement} ({requirement.source})"
        lines.append(f"{requirement.id}")
        lines += textwrap.wrap(statement, 110, initial_indent="  ", subsequent_indent="  ")
    return [_docstring(line) for line in lines]


def _line(text: str) -> str:
    """One line of ASCII: what a report says comes from outside and must stay text."""
    return ascii(text)[1:-1] if not (text.isascii() and text.isprintable()) else text


def _docstring(text: str) -> str:
    return _line(text).replace("\\", "\\\\").replace('"', '\\"')
