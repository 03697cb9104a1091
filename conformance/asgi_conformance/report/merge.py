"""One report out of several: the shards of one run, or the jobs of a matrix of servers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asgi_conformance.model import Verdict, worst

from .causes import causes
from .document import summary

_SAME = ("name", "version", "ws", "http", "loop")
_NOTHING = "No case was judged."
_PARTS = ("suite", "target", "servers", "environment", "summary", "coverage", "cases")


class Unmergeable(ValueError):
    """The reports do not belong together; the message says why, in one line."""


def merge(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One report that holds the cases of all: those of one server together, those of different servers side by side.

    A case that two reports have of the same server counts once: the worse verdict stands, and two different ones are
    unstable. Coverage is what any of the reports covered. The order of the reports is the order of the result.

    Raises:
        Unmergeable: they are about different targets or frameworks, or one of them is not complete.
    """
    _check(reports)
    servers, names = _servers(reports)
    cases = _cases(reports, names, [server["id"] for server in servers])
    reasons = list(dict.fromkeys(r for report in reports for r in report["partial_reasons"] if r != _NOTHING))
    error = next((report["error"] for report in reports if report["error"]), None)
    if error is None and all(case["verdict"] == Verdict.SKIP for case in cases):
        reasons.append(_NOTHING)
    baseline = _baseline(reports)
    duration = sum(report["summary"]["duration_s"] for report in reports)
    failing = {Verdict.FAIL, *(verdict for report in reports for verdict in _failing(report))}
    first = reports[0]
    return {
        **first,
        "suite": {**first["suite"], "version": _joined(report["suite"]["version"] for report in reports)},
        "target": next((report["target"] for report in reports if report["target"]["middleware"]), first["target"]),
        "servers": servers,
        "environment": _environment(reports, names),
        "summary": summary(cases, duration, error, reasons, [*baseline["stale"], *baseline["expired"]], failing),
        "error": error,
        "partial_reasons": reasons,
        "coverage": _coverage([report["coverage"] for report in reports]),
        "causes": causes(cases),
        "deviations": _deviations(reports, cases),
        "baseline": baseline,
        "routes": list({route["path"]: route for report in reports for route in report["routes"]}.values()),
        "requirements": dict(sorted(_united(report["requirements"] for report in reports).items())),
        "states": next((report["states"] for report in reports if report["states"]), None),
        "close_codes": _united(report["close_codes"] for report in reports),
        "command": _joined((report["command"] for report in reports), " && "),
        "started": min((report["started"] for report in reports if report["started"]), default=""),
        "cases": cases,
    }


def _check(reports: Sequence[Mapping[str, Any]]) -> None:
    for number, report in enumerate(reports, 1):
        missing = next((part for part in _PARTS if part not in report), None)
        if missing:
            raise Unmergeable(f"report {number} has no {missing}: it is not complete")
    targets = list(dict.fromkeys(report["target"]["name"] for report in reports))
    if len(targets) > 1:
        raise Unmergeable(
            f"these reports are about different targets ({', '.join(targets)}); compare shows two of them"
        )
    frameworks = [f"{f['name']} {f['version']}" for f in (r["target"]["framework"] for r in reports) if f["name"]]
    if len(set(frameworks)) > 1:
        shown = ", ".join(dict.fromkeys(frameworks))
        raise Unmergeable(f"these reports are about different frameworks ({shown}); compare shows two of them")


def _servers(reports: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The different servers under ids of their own; and for each report, which id there is which one here."""
    kinds: dict[tuple[Any, ...], dict[str, Any]] = {}
    for report in reports:
        for server in report["servers"]:
            kinds.setdefault(tuple(server[name] for name in _SAME), dict(server))
    several = len(kinds) > 1
    taken: set[str] = set()
    for server in kinds.values():
        names = [
            server["id"],
            f"{server['name']}-{server['ws']}",
            f"{server['name']}-{server['ws']}-{server['version']}",
        ]
        places = range(1 if several and server["id"] == server["name"] else 0, len(names))
        free = [names[place] for place in places if names[place] not in taken]
        free += [f"{names[-1]}-{number}" for number in range(2, len(kinds) + 2)]
        server["id"] = next(name for name in free if name not in taken)
        taken.add(server["id"])
    renamed = [
        {server["id"]: kinds[tuple(server[name] for name in _SAME)]["id"] for server in report["servers"]}
        for report in reports
    ]
    return list(kinds.values()), renamed


def _cases(
    reports: Sequence[Mapping[str, Any]], names: Sequence[Mapping[str, str]], order: Sequence[str]
) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for report, renamed in zip(reports, names, strict=True):
        for case in report["cases"]:
            server = renamed.get(case["server"], case["server"])
            key = (server, case["id"])
            mine = {**case, "server": server}
            found[key] = _agreed(found[key], mine) if key in found else mine
    ranks = {name: rank for rank, name in enumerate(order)}
    cases = sorted(found.values(), key=lambda case: ranks.get(case["server"], len(ranks)))
    return [{**case, "node_id": _node_id(case)} for case in cases] if len(order) > 1 else cases


def _agreed(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """One case of two: the worse counts, and what was skipped in one of them was judged in the other."""
    verdicts = [one["verdict"], other["verdict"]]
    counts, rest = (one, other) if worst(map(Verdict, verdicts)) == one["verdict"] else (other, one)
    judged = [verdict for verdict in verdicts if verdict != Verdict.SKIP]
    unstable = one["unstable"] or other["unstable"] or len(set(judged)) > 1
    attempts = [*_attempts(rest, unstable), *_attempts(counts, unstable)]
    return {**counts, "unstable": unstable, "attempts": attempts}


def _attempts(case: Mapping[str, Any], unstable: bool) -> list[dict[str, Any]]:
    """The runs of a case; a case that was stable until now gives its findings to the run that counted."""
    if not unstable or case["unstable"] or not case["attempts"]:
        return list(case["attempts"])
    *before, last = case["attempts"]
    return [*before, {**last, "findings": case["findings"]}]


def _node_id(case: Mapping[str, Any]) -> str:
    """pytest's id with the server in it: ``conformance::close.both[1000-none@uvicorn-wsproto]``."""
    node_id, at = case["node_id"], f"@{case['server']}"
    if re.search(rf"{re.escape(at)}\]$", node_id):
        return str(node_id)
    return f"{node_id[:-1]}{at}]" if node_id.endswith("]") else f"{node_id}[{at}]"


def _environment(reports: Sequence[Mapping[str, Any]], names: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What is the same once, what differs joined; and then what each server ran in."""
    keys = dict.fromkeys(key for report in reports for key in report["environment"] if key != "each")
    united: dict[str, Any] = {key: _joined(report["environment"].get(key, "") for report in reports) for key in keys}
    each = [
        {"servers": list(renamed.values()), **report["environment"]}
        for report, renamed in zip(reports, names, strict=True)
    ]
    differ = any({**entry, "servers": []} != {**each[0], "servers": []} for entry in each)
    return {**united, "each": each} if differ else united


def _coverage(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What any of the reports covered: missing is what all of them miss."""
    united = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        entries = [part[name] for part in parts if part.get(name, {}).get("total")]
        if not entries:
            united[name] = {"total": 0, "covered": 0, "missing": []}
            continue
        total = max(entry["total"] for entry in entries)
        missing = [item for item in entries[0]["missing"] if all(item in entry["missing"] for entry in entries)]
        listed = all(entry["total"] - entry["covered"] == len(entry["missing"]) for entry in entries)
        covered = total - len(missing) if listed else max(entry["covered"] for entry in entries)
        united[name] = {"total": total, "covered": covered, "missing": missing}
    return united


def _deviations(reports: Sequence[Mapping[str, Any]], cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    named = {entry["id"]: entry for report in reports for entry in report["deviations"]}
    seen = [{finding["deviation"] for finding in case["findings"]} for case in cases]
    return [{**entry, "cases": sum(id in found for found in seen)} for id, entry in named.items()]


def _baseline(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An entry is stale only where no report with that baseline has seen it."""
    with_one = [report["baseline"] for report in reports if report["baseline"]["file"] or report["baseline"]["stale"]]
    stale = [entry for entry in with_one[0]["stale"] if all(entry in b["stale"] for b in with_one)] if with_one else []
    expired = list(dict.fromkeys(entry for b in with_one for entry in b.get("expired", ())))
    file = with_one[0]["file"] if with_one else ""
    return {**reports[0]["baseline"], "file": file, "stale": stale, "expired": expired}


def _failing(report: Mapping[str, Any]) -> Iterable[Verdict]:
    """What failed a run besides failures: --conformance-strict is not written down, but shows in the verdict."""
    found = report["summary"]
    over = report["baseline"]["stale"] or report["baseline"].get("expired")
    if found["verdict"] != "fail" or found["failed"] or over:
        return ()
    return (Verdict.WARN,) if found["warned"] else (Verdict.WARN, Verdict.KNOWN)


def _united(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


def _joined(values: Iterable[Any], between: str = ", ") -> str:
    return between.join(dict.fromkeys(str(value) for value in values if value))
