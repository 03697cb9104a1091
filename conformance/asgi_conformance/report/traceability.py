"""The traceability matrix: every requirement with the cases that decide it, or why none does, as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from asgi_conformance import requirements
from asgi_conformance.model import Level, Requirement
from asgi_conformance.requirements import Document

COMMAND = "asgi-conformance requirements --matrix"
# More scripts than these are counted, not named.
NAMED = 8
_ROUTE = "route."


def matrix(deciding: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[str]:
    """The lines of the page. ``deciding``: by requirement the scripts that decide it, each with its cases."""
    everything = list(requirements.load().values())
    covered = sum(requirement.id in deciding for requirement in everything)
    yield "# Requirements and their cases"
    yield ""
    yield f"Every statement that the suite knows, and what decides it. This page is written by `{COMMAND}`."
    yield ""
    yield (
        f"{len(everything)} requirements: {covered} are decided by cases, {len(everything) - covered} are not, each "
        "for the reason given. Statements are in our own words; the section says where the document's own stand."
    )
    yield ""
    yield "| document | requirements | MUST | SHOULD | MAY | SILENT | with cases | without |"
    yield "|---|---|---|---|---|---|---|---|"
    for document in requirements.documents().values():
        mine = [requirement for requirement in everything if requirement.document == document.key]
        levels = [sum(requirement.level is level for requirement in mine) for level in Level]
        with_cases = sum(requirement.id in deciding for requirement in mine)
        name = f"[{document.title}](#{document.key})"
        yield f"| {name} | {len(mine)} | {' | '.join(map(str, levels))} | {with_cases} | {len(mine) - with_cases} |"
    for document in requirements.documents().values():
        yield ""
        yield from _of_document(document, [r for r in everything if r.document == document.key], deciding)


def _of_document(
    document: Document, mine: list[Requirement], deciding: Mapping[str, Mapping[str, Sequence[str]]]
) -> Iterator[str]:
    yield f'<a id="{document.key}"></a>'
    yield ""
    version = " ".join(filter(None, (document.version, f"({document.date})" if document.date else "")))
    yield f"## {document.title}" + (f" {version}" if version else "")
    yield ""
    yield "| requirement | level | binds | section | cases | decided by, or why by none |"
    yield "|---|---|---|---|---|---|"
    for requirement in mine:
        scripts = deciding.get(requirement.id, {})
        statement = f"`{requirement.id}`<br>{_cell(requirement.statement)}"
        section, url = _cell(_section(requirement, document)), requirements.url(requirement)
        by = _named(scripts) if scripts else f"none: {_cell(requirement.no_case or 'no case yet')}"
        columns = (statement, requirement.level, requirement.binds, f"[{section}]({url})" if url else section)
        yield f"| {' | '.join(columns)} | {_count(scripts)} | {by} |"


def _section(requirement: Requirement, document: Document) -> str:
    """The section, with the text that it stands in where that is not the document itself."""
    source = requirement.source.removeprefix(f"{document.title}, ")
    return source.removeprefix("section ")


def _count(scripts: Mapping[str, Sequence[str]]) -> str:
    fixed = sum(len(cases) for script, cases in scripts.items() if not script.startswith(_ROUTE))
    ways = sum(script.startswith(_ROUTE) for script in scripts)
    return " + ".join(filter(None, (str(fixed) if fixed or not ways else "", f"{ways} a route" if ways else "")))


def _named(scripts: Mapping[str, Sequence[str]]) -> str:
    ways = [script for script in scripts if script.startswith(_ROUTE)]
    others = [script for script in scripts if script not in ways]
    counts = [(script, len(scripts[script])) for script in others[:NAMED]]
    shown = [f"`{script}`" + (f" ({count})" if count > 1 else "") for script, count in counts]
    if len(others) > NAMED:
        shown.append(f"{len(others) - NAMED} more")
    if ways:
        shown.append("every way to treat a route of the target's own (`route.*`)")
    return ", ".join(shown)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
