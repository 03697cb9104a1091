"""The matrices of the page: requirements, and sections by server, each with what its findings or cases came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asgi_conformance.model import Verdict

from .foreign import address

# More cases than these of one requirement are counted, not named.
_NAMED = 4
VERDICTS = tuple(str(verdict) for verdict in reversed(Verdict))


def link(**filters: str) -> str:
    """The address of the cases that match some filters on the page."""
    return "#cases?" + "&".join(f"{name}={address(value)}" for name, value in filters.items() if value)


def worst(verdicts: Iterable[str]) -> str:
    """The worst of some verdicts, '' when there are none."""
    found = set(verdicts)
    return next((verdict for verdict in VERDICTS if verdict in found), "")


def requirements(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Requirements by document, each with how often it came to which verdict, for each server."""
    tally: dict[str, dict[str, dict[str, int]]] = {}
    scripts = _scripts(report["cases"])
    for case in report["cases"]:
        for finding in case["findings"]:
            row = tally.setdefault(finding["requirement"], {}).setdefault(case["server"], {})
            row[finding["verdict"]] = row.get(finding["verdict"], 0) + finding.get("times", 1)
    documents: dict[str, dict[str, Any]] = {}
    for name, requirement in report["requirements"].items():
        per_server = tally.get(name, {})
        total: dict[str, int] = {}
        for row in per_server.values():
            for verdict, count in row.items():
                total[verdict] = total.get(verdict, 0) + count
        empty: dict[str, Any] = {"name": requirement["document"], "rows": [], "undecided": []}
        document = documents.setdefault(requirement["document"], empty)
        mine = scripts.get(name, {})
        if not mine and not per_server and requirement.get("no_case"):
            document["undecided"].append(requirement)
            continue
        document["rows"].append(
            {
                **requirement,
                "scripts": list(mine.items())[:_NAMED],
                "others": max(0, len(mine) - _NAMED),
                "total": _bar(total),
                "verdict": worst(total),
                "servers": [(s["id"], worst(per_server.get(s["id"], {}))) for s in report["servers"]],
                "link": link(requirement=name),
            }
        )
    for document in documents.values():
        document["verdict"] = worst(row["verdict"] for row in document["rows"])
    return list(documents.values())


def _scripts(cases: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """By requirement the cases that cite it, without their rows, each with how many of it there were.

    What is done to a route is done to every route, and decides the same: it counts as one.
    """
    found: dict[str, dict[str, int]] = {}
    for case in cases:
        name = "route.*" if "route" in case["tags"] else case["id"].partition("[")[0]
        for requirement in case["requires"]:
            row = found.setdefault(requirement, {})
            row[name] = row.get(name, 0) + 1
    return found


def _bar(counts: Mapping[str, int]) -> dict[str, Any]:
    """A stacked bar a hundred wide; a part is never too thin to be seen."""
    whole = sum(counts.values())
    present = [verdict for verdict in VERDICTS if counts.get(verdict)]
    widths = {verdict: max(4.0, 100 * counts[verdict] / whole) for verdict in present}
    scale = 100 / sum(widths.values()) if widths else 0
    parts, at = [], 0.0
    for verdict in present:
        width = widths[verdict] * scale
        parts.append({"verdict": verdict, "count": counts[verdict], "x": round(at, 2), "width": round(width, 2)})
        at += width
    return {"parts": parts, "whole": whole}


def sections(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cases by section and server: the server matrix, and the contents of the run where there is one server."""
    tally: dict[str, dict[str, dict[str, int]]] = {}
    for case in report["cases"]:
        row = tally.setdefault(case["section"], {}).setdefault(case["server"], {})
        row[case["verdict"]] = row.get(case["verdict"], 0) + 1
    return [_line(section, row, report) for section, row in sorted(tally.items())]


def whole(report: Mapping[str, Any]) -> dict[str, Any]:
    """The same of all sections, as one line under no name."""
    row: dict[str, dict[str, int]] = {}
    for case in report["cases"]:
        counts = row.setdefault(case["server"], {})
        counts[case["verdict"]] = counts.get(case["verdict"], 0) + 1
    return _line("", row, report)


def _line(section: str, row: Mapping[str, Mapping[str, int]], report: Mapping[str, Any]) -> dict[str, Any]:
    servers = report["servers"]
    cells = [
        {
            "server": s["id"],
            "bar": _bar(row.get(s["id"], {})),
            "verdict": worst(row.get(s["id"], {})),
            "link": link(section=section, server=s["id"] if len(servers) > 1 else ""),
        }
        for s in servers
    ]
    return {"section": section, "cells": cells}


def differences(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The cases that did not come to the same verdict on every server, the widest gap first.

    Rows of one case that differ in the same way are one entry: a fault of a server meets them all.
    """
    by_id: dict[str, dict[str, str]] = {}
    titles: dict[str, str] = {}
    for case in cases:
        by_id.setdefault(case["id"], {})[case["server"]] = case["verdict"]
        titles[case["id"]] = case["title"]
    alike: dict[tuple[Any, ...], list[str]] = {}
    for name, verdicts in by_id.items():
        if len(set(verdicts.values())) > 1:
            alike.setdefault((name.partition("[")[0], *sorted(verdicts.items())), []).append(name)
    found = [
        {
            "id": names[0] if len(names) == 1 else names[0].partition("[")[0],
            "count": len(names),
            "title": titles[names[0]],
            "verdicts": by_id[names[0]],
            "worst": worst(by_id[names[0]].values()),
            "links": {server: _seen(names, server, verdict) for server, verdict in by_id[names[0]].items()},
        }
        for names in alike.values()
    ]
    return sorted(found, key=lambda row: (VERDICTS.index(row["worst"]), row["id"]))


def _seen(names: Sequence[str], server: str, verdict: str) -> str:
    """Where the page shows what these cases came to on one server."""
    if len(names) == 1:
        return f"#case/{address(f'{names[0]}@{server}')}"
    return link(q=names[0].partition("[")[0], server=server, verdict=verdict)
