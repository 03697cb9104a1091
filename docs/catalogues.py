"""The pages that are generated from the data: requirements, cases and known deviations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from asgi_conformance import cases, deviations
from asgi_conformance.cases import routes
from asgi_conformance.deployed import cases as deployed
from asgi_conformance.deviations import Deviation
from asgi_conformance.model import Case
from asgi_conformance.report.traceability import matrix

# More rows or requirements than these are counted, not named.
_ROWS, _CITED = 3, 4
_WRITTEN = "This page is written by `python docs/build.py`."


def requirement_page() -> Iterator[str]:
    """Every requirement with its cases, or the reason why none."""
    yield from matrix(cases.deciding())


def case_page() -> Iterator[str]:
    """Every script with its rows, by section."""
    scripts = _scripts(cases.load())
    at_urls = _scripts(deployed.load())
    shipped = sum(map(len, scripts.values()))
    yield "# All cases"
    yield ""
    yield (
        f"For who wants to know what is run. {shipped} cases of {len(scripts)} scripts for a target, "
        f"{len(routes.WAYS)} ways to treat each route of your own, and {sum(map(len, at_urls.values()))} cases for a "
        f"[deployed endpoint](deployed.md). {_WRITTEN}"
    )
    yield ""
    yield (
        "A row is a case of its own: `close.client.code` with the row `4001-bye` is `close.client.code[4001-bye]`. "
        "`asgi-conformance explain ID` draws a script, and [Requirements](requirements.md) says what each statement is."
    )
    sections: dict[str, dict[str, list[Case]]] = {}
    for id, rows in scripts.items():
        sections.setdefault(rows[0].section, {})[id] = rows
    for section in sorted(sections):
        yield from _section(section, sections[section])
    yield from _head("routes: your own handlers")
    for id, way in routes.WAYS.items():
        yield f"| `{id}` | a route each | {_cell(way.function.__doc__ or '')} | {_cited(way.requires)} |"
    yield from _section("url: a deployed endpoint", at_urls)


def deviation_page() -> Iterator[str]:
    """Every known deviation, by product, with its evidence."""
    everything = deviations.load()
    newest = deviations.newest_known()
    products = sorted({deviation.product for deviation in everything})
    yield "# Known deviations"
    yield ""
    yield (
        f"For who sees *known* in a report. {len(everything)} places where a released server or framework departs from "
        f"a document. {_WRITTEN}"
    )
    yield ""
    yield (
        "A finding is *known* only where requirement, product, version, case and the text observed are just those of "
        "an entry; `*` stands for anything. All else still fails. `--conformance-strict=known` fails them too."
    )
    yield ""
    yield "| product | tried up to | deviations |"
    yield "|---|---|---|"
    for product in products:
        count = sum(deviation.product == product for deviation in everything)
        yield f"| [{product}](#{product}) | {newest[product]} | {count} |"
    for product in products:
        yield ""
        yield f"## {product}"
        for deviation in everything:
            if deviation.product == product:
                yield from _deviation(deviation)


PAGES: Mapping[str, Callable[[], Iterator[str]]] = {
    "requirements.md": requirement_page,
    "cases.md": case_page,
    "deviations.md": deviation_page,
}


def _scripts(found: Iterable[Case]) -> dict[str, list[Case]]:
    scripts: dict[str, list[Case]] = {}
    for case in found:
        scripts.setdefault(case.id, []).append(case)
    return scripts


def _section(title: str, scripts: Mapping[str, list[Case]]) -> Iterator[str]:
    yield from _head(title)
    for id, rows in scripts.items():
        yield f"| `{id}` | {_rows(rows)} | {_cell(rows[0].title)} | {_cited(rows[0].requires)} |"


def _head(title: str) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield "| case | rows | what holds | decides |"
    yield "|---|---|---|---|"


def _rows(rows: list[Case]) -> str:
    names = [f"`{_cell(case.row)}`" for case in rows if case.row]
    more = len(names) - _ROWS
    return ", ".join(names[:_ROWS]) + (f" and {more} more" if more > 0 else "")


def _cited(requires: Iterable[str]) -> str:
    names = [f"`{name}`" for name in requires]
    more = len(names) - _CITED
    return ", ".join(names[:_CITED]) + (f" and {more} more" if more > 0 else "")


def _deviation(deviation: Deviation) -> Iterator[str]:
    named = (deviation.requirement,) if isinstance(deviation.requirement, str) else deviation.requirement
    versions = " ".join(
        filter(None, (deviation.since and f"from {deviation.since}", deviation.until and f"up to {deviation.until}"))
    )
    yield ""
    yield f"### `{deviation.id}`"
    yield ""
    yield _text(deviation.reason)
    yield ""
    only = f"; with {', '.join(deviation.ws)}" if deviation.ws else ""
    yield f"- versions: {versions or 'all that were tried'}{only}"
    yield f"- breaches: {', '.join(f'`{name}`' for name in named)}"
    yield f"- cases: {'all' if deviation.cases == '*' else f'`{deviation.cases}`'}"
    if deviation.expected != "*":
        yield f"- expected: `{deviation.expected}`"
    yield f"- observed: `{deviation.observed}`" + ("; sometimes only" if deviation.occurs != "always" else "")
    yield f"- evidence: {_text(deviation.evidence)}"
    if deviation.reference:
        yield f"- reference: {_text(deviation.reference)}"


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """What stands in the data as it is: no markup, on one line."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return plain.replace("*", "\\*").replace("_", "\\_") if "`" not in plain else plain
