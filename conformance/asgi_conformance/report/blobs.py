"""Packs the cases of a report for the page: one index of all, and their details in chunks that inflate quickly.

Cases repeat each other, most of all the same case on several servers. So everything is a table of different values and
columns of places in it (`tables`). The index tells the list of cases, a chunk what one case shows when it is opened.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .details import Chunk
from .foreign import whole
from .tables import Table, columns, encode, mapping, steps

#: Characters of JSON in one chunk: inflated and parsed in a few milliseconds, yet large enough to compress well.
CHUNK = 400_000

# Columns of which each value is a place in a table, by what they belong to: a script is a case on any server.
_SCRIPT = ("title", "section", "kind", "route", "code", "walk")
_CASE = ("server", "verdict", "layer", "cites", "pairs")


def embed(report: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The index and the chunks, each deflated (zlib) and base64: letters, digits, ``+/=`` and so never markup."""
    cases = report["cases"]
    scripts = _scripts(cases)
    # A case stands beside the same case on other servers, with which it shares nearly everything.
    order = sorted(range(len(cases)), key=lambda place: (scripts[cases[place]["id"]], place))
    chunks: list[Chunk] = []
    for place in order:
        if not chunks or chunks[-1].size > CHUNK:
            chunks.append(Chunk())
        chunks[-1].add(cases[place])
    index = _index(report, scripts, [len(chunk) for chunk in chunks])
    return _packed(index), [_packed(chunk.json()) for chunk in chunks]


def _scripts(cases: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(case["id"] for case in cases))}


def _index(report: Mapping[str, Any], scripts: Mapping[str, int], sizes: Sequence[int]) -> str:
    names, transitions = Table(), Table()
    tables = {name: Table() for name in (*_SCRIPT, *_CASE)}
    cases = report["cases"]
    # Of the same case on several servers the first tells what all of them share.
    firsts = {case["id"]: case for case in reversed(cases)}
    rows = [_script(firsts[name], tables, transitions) for name in scripts]
    told = columns(("id", *_SCRIPT), rows)
    seen = columns(("script", *_CASE, "ms", "unstable"), (_case(case, scripts, tables, names) for case in cases))
    seen["script"] = steps(seen["script"])
    rest = {
        "sizes": sizes,
        # What no case decides stands in the page itself, and no finding names it.
        "requirements": {name: each for name, each in report["requirements"].items() if not each.get("no_case")},
        "servers": report["servers"],
        "middleware": report["target"]["middleware"],
        "framework": report["target"].get("framework", {}),
        "edges": _edges(report["states"]),
        "deviations": report["deviations"],
        "causes": [{"name": _cause(cause), "cases": cause["cases"]} for cause in report["causes"]],
    }
    return mapping(
        (
            ("tables", mapping((name, table.json()) for name, table in tables.items())),
            ("names", names.json()),
            ("transitions", transitions.json()),
            ("scripts", encode(told)),
            ("seen", encode(seen)),
            *((name, encode(value)) for name, value in rest.items()),
        )
    )


def _script(case: Mapping[str, Any], tables: Mapping[str, Table], transitions: Table) -> list[Any]:
    tags = case["tags"]
    values = (
        case["title"],
        whole(case["section"]),
        case["kind"],
        whole(str(tags.get("route", ""))),
        whole(f"{tags['direction']}:{tags['code']}") if "code" in tags and "direction" in tags else "",
        [transitions.place(name) for name in tags.get("transitions", ())],
    )
    return [whole(case["id"]), *(tables[name].place(value) for name, value in zip(_SCRIPT, values, strict=True))]


def _case(case: Mapping[str, Any], scripts: Mapping[str, int], tables: Mapping[str, Table], names: Table) -> list[Any]:
    findings = case["findings"]
    cited = dict.fromkeys([*case["requires"], *(f["requirement"] for f in findings if f["requirement"])])
    values = (
        whole(case["server"]),
        case["verdict"],
        case["layer"] or "",
        [names.place(whole(name)) for name in cited],
        list(dict.fromkeys(f"{f['verdict']}/{f['layer']}" for f in findings)),
    )
    places = (tables[name].place(value) for name, value in zip(_CASE, values, strict=True))
    # The list shows tenths of a millisecond.
    return [scripts[case["id"]], *places, round(case["duration_ms"] * 10), int(bool(case["unstable"]))]


def _cause(cause: Mapping[str, Any]) -> str:
    return " in ".join(str(part) for part in (cause["requirement"] or "error", cause["component"]) if part)


def _edges(states: Mapping[str, Any] | None) -> dict[str, str]:
    """For each transition the edge it is drawn on: ``1.0-1.1``."""
    if not states:
        return {}
    return {t["id"]: "-".join(".".join(map(str, t[end])) for end in ("from", "to")) for t in states["transitions"]}


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")
