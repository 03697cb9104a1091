"""What the page shows before any script runs: overview, matrices and maps as plain data for the templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .causes import OURS
from .code_map import code_map
from .foreign import address
from .matrix import VERDICTS, differences, link, requirements, sections, whole, worst
from .state_map import state_map
from .verdicts import HEADLINES

SYMBOLS = {"pass": "✓", "note": "i", "known": "≈", "warn": "▲", "fail": "✕", "error": "!", "partial": "◐"}
SYMBOLS["skip"] = "\N{EN DASH}"
MEANINGS = {
    "pass": "the relation held",
    "note": "no document speaks; what was seen is recorded",
    "known": "a documented deviation of a released version, or in the baseline",
    "warn": "a SHOULD was breached, or a version newer than the suite knows",
    "fail": "a MUST was breached",
    "skip": "does not apply here, or is not judged",
    "error": "the suite broke, or its evidence is not good enough",
}


def case_key(case: Mapping[str, Any], several: bool) -> str:
    """What a link names a case by: its id, and the server where there is more than one."""
    return f"{case['id']}@{case['server']}" if several else str(case["id"])


def case_link(key: str) -> str:
    """The address of a case on the page."""
    return f"#case/{address(key)}"


def view(report: Mapping[str, Any]) -> dict[str, Any]:
    """All that the templates need, by name."""
    cases = report["cases"]
    several = len(report["servers"]) > 1
    summary = report["summary"]
    entries = [_entry(place, cause, report, several) for place, cause in enumerate(report["causes"])]
    return {
        "report": report,
        "summary": summary,
        "several": several,
        "symbols": SYMBOLS,
        "meanings": MEANINGS,
        "headline": HEADLINES[summary["verdict"]].capitalize(),
        "counts": _counts(summary),
        "strip": _strip(report),
        "yours": [entry for entry in entries if entry["layer"] in OURS and entry["verdict"] in ("fail", "warn")],
        "stack": [entry for entry in entries if entry["layer"] not in OURS and entry["verdict"] in ("fail", "warn")],
        "errors": [entry for entry in entries if entry["verdict"] == "error"],
        "known": _known([entry for entry in entries if entry["verdict"] == "known"], report["deviations"]),
        "routes": _routes(report, several),
        "codes": code_map(cases, report["close_codes"]),
        "states": state_map(report["states"], cases) if report["states"] and _walked(cases) else None,
        "documents": requirements(report),
        "sections": [*([whole(report)] if several else []), *sections(report)],
        "differences": (found := differences(cases) if several else []),
        "differing": sum(row["count"] for row in found),
        "coverage": [(name.replace("_", " "), entry) for name, entry in report["coverage"].items() if entry["total"]],
    }


def _walked(cases: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any case walked through the state machine: of another framework none does, and its map would be empty."""
    return any(case["tags"].get("transitions") and case["verdict"] != "skip" for case in cases)


def _counts(summary: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    names = ("failed", "fail"), ("errors", "error"), ("warned", "warn"), ("known", "known"), ("noted", "note")
    return [(label, verdict, summary[label]) for label, verdict in (*names, ("passed", "pass"), ("skipped", "skip"))]


def _strip(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The layers from the client to the application, each with what its findings came to."""
    totals: dict[str, dict[str, int]] = {}
    for case in report["cases"]:
        for finding in case["findings"]:
            row = totals.setdefault(finding["layer"], {})
            row[finding["verdict"]] = row.get(finding["verdict"], 0) + finding.get("times", 1)
    target = report["target"]
    framework = target.get("framework") or {}
    own = [entry["name"].rsplit(".", 1)[-1] for entry in target["middleware"] if entry.get("layer") != "framework"]
    names = {
        "server": ", ".join(f"{s['name']} {s['version']}" for s in report["servers"][:1]),
        "middleware": ", ".join(own) if len(own) < 3 else f"{len(own)} entries",
        "framework": f"{framework.get('name', '')} {framework.get('version', '')}".strip(),
        "application": target["name"] + _unvisited(report),
    }
    if len(report["servers"]) > 1:
        names["server"] = f"{len(report['servers'])} servers"
    strip = []
    for layer in ("server", "middleware", "framework", "application"):
        row = totals.get(layer, {})
        shown = [(verdict, row[verdict]) for verdict in ("fail", "error", "warn", "known") if row.get(verdict)]
        judged = sum(count for verdict, count in row.items() if verdict != "skip")
        strip.append({"layer": layer, "name": names[layer], "verdict": worst(row), "counts": shown, "judged": judged})
    return strip


def _unvisited(report: Mapping[str, Any]) -> str:
    """How many of the target's routes let a client in, where not all of them did."""
    paths = {str(route["path"]) for route in report["routes"]}
    judged = (case for case in report["cases"] if "route" in case["tags"] and case["verdict"] != "skip")
    visited = {case["tags"]["route"] for case in judged}
    missing = len(paths - visited)
    return f" · {len(paths) - missing} of {len(paths)} routes visited" if missing else ""


def _entry(place: int, cause: Mapping[str, Any], report: Mapping[str, Any], several: bool) -> dict[str, Any]:
    cases = report["cases"]
    requirement = report["requirements"].get(cause["requirement"], {})
    first = cases[cause["cases"][0]]
    # Of a middleware a rule of the server's or the application's is demanded in the role of that one.
    own = cause["layer"] == "middleware"
    return {
        **cause,
        "statement": (own and cause["message"]) or requirement.get("statement") or cause["message"] or first["title"],
        "source": requirement.get("source", ""),
        "fix": cause["fix"] or requirement.get("fix") or "",
        "count": len(cause["cases"]),
        "keys": [case_key(cases[place], several) for place in cause["cases"][:6]],
        "reproduce": first["reproduce"],
        "unstable": any(cases[place]["unstable"] for place in cause["cases"]),
        "link": link(cause=str(place)),
    }


def _known(entries: Iterable[dict[str, Any]], deviations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Known deviations by name, each with the findings that it explains."""
    described = {entry["id"]: entry for entry in deviations}
    named: dict[str, dict[str, Any]] = {}
    for entry in entries:
        name = entry["deviation"] or entry["requirement"]
        known = named.setdefault(
            name, {"id": name, "about": described.get(name, {}), "entries": [], "seen": [], "count": 0}
        )
        if entry["observed"] not in known["seen"]:
            known["seen"].append(entry["observed"])
        known["entries"].append(entry)
        known["count"] += entry["count"]
    return sorted(named.values(), key=lambda known: (-known["count"], known["id"]))


def _routes(report: Mapping[str, Any], several: bool) -> list[dict[str, Any]]:
    """The target's own routes, the worst first, each with every way that a client left or what it was sent."""
    rows: dict[str, dict[str, Any]] = {
        route["path"]: {**route, "handler": _handler(route), "ways": {}} for route in report["routes"]
    }
    for case in report["cases"]:
        if "route" in case["tags"]:
            tags = case["tags"]
            row = rows.setdefault(tags["route"], {"path": tags["route"], "handler": "", "ways": {}})
            row["handler"] = row["handler"] or tags.get("handler", "")
            way = tags.get("way", case["id"])
            way = case["id"] if case["server"] in row["ways"].get(way, ()) else way
            row["ways"].setdefault(way, {})[case["server"]] = case["verdict"], case_key(case, several)
    servers = [server["id"] for server in report["servers"]] if several else []
    for row in rows.values():
        seen = [cell for way in row["ways"].values() for cell in way.values()]
        row["verdict"] = worst(verdict for verdict, _ in seen)
        row["count"] = len(seen)
        row["link"] = link(route=row["path"])
        # Of several servers a cell for each, empty where the case did not run.
        row["ways"] = [
            {"way": way, "cells": [cells.get(name, ("", "")) for name in servers] or list(cells.values())}
            for way, cells in row["ways"].items()
        ]
    order = {verdict: rank for rank, verdict in enumerate((*VERDICTS, ""))}
    return sorted(rows.values(), key=lambda row: (order[row["verdict"]], row["path"]))


def _handler(route: Mapping[str, Any]) -> str:
    if route.get("file"):
        return f"{route['file']}:{route.get('line', 0)}"
    return str(route.get("handler", ""))
