"""The report of one run as one plain dict (``schema_version`` 1).

Everything that a report of any format shows comes from this dict; `docs/report-format.md` describes it and
``schema.json`` beside this module fixes it. It is redacted once, here, before anything can be written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from asgi_conformance.model import Attempt, Component, Finding, Requirement, Result, ServerInfo, Verdict

from . import derived
from .causes import LAYERS, causes
from .files import SCHEMA_VERSION, write
from .plain import plain
from .redact import redact

__all__ = ["build", "write"]

_COUNTS = {
    "passed": Verdict.PASS,
    "failed": Verdict.FAIL,
    "warned": Verdict.WARN,
    "noted": Verdict.NOTE,
    "known": Verdict.KNOWN,
    "skipped": Verdict.SKIP,
    "errors": Verdict.ERROR,
}


def build(
    *,
    suite: Mapping[str, Any],
    target: Mapping[str, Any],
    servers: Sequence[ServerInfo | Mapping[str, Any]],
    environment: Mapping[str, Any],
    results: Sequence[Result],
    coverage: Mapping[str, Any],
    duration_s: float,
    error: Mapping[str, str] | None = None,
    partial_reasons: Sequence[str] = (),
    deviations: Sequence[Mapping[str, Any]] = (),
    routes: Sequence[Mapping[str, Any]] = (),
    requirements: Mapping[str, Requirement] | None = None,
    states: Mapping[str, Any] | None = None,
    close_codes: Mapping[int, str] | None = None,
    baseline: Mapping[str, Any] | None = None,
    middleware: Sequence[Component | Mapping[str, Any]] = (),
    failing: Collection[str] = (Verdict.FAIL,),
    secrets: Collection[str] = (),
    command: str = "",
    started: str = "",
) -> dict[str, Any]:
    """The report of one run.

    ``suite`` holds name and version; ``target`` name and framework (name, version). ``coverage`` maps parts such as
    ``transition_pairs`` to total, covered and missing; what the cases themselves can tell is counted where absent.
    ``duration_s`` is in seconds. ``error`` (phase, message) says why the run did not start or broke off.
    ``partial_reasons`` are sentences, each with what could not be judged. ``deviations`` describe the known
    deviations that applied (id, title, url, occurs, …), of which findings name the id. ``routes`` are the target's
    own (path, handler, file, line). ``requirements`` may be the whole catalogue: only what is cited is embedded.
    ``states`` is the state table (pairs, transitions). ``close_codes`` gives names to codes. ``baseline`` (file,
    entries, stale, expired, updated) lists entries that no longer occur, and those whose day has passed.
    ``middleware`` lists what stands between the ASGI boundaries, from the outside in. ``failing`` are the case
    verdicts that fail the run (more than ``fail`` under --conformance-strict). ``secrets`` are redacted wherever they
    occur. ``command`` and ``started`` (ISO 8601) are shown as they are.
    """
    cases = [_case(result) for result in results]
    reasons = list(partial_reasons)
    if error is None and not any(case["verdict"] != Verdict.SKIP for case in cases):
        reasons.append("No case was judged.")
    told = {"file": "", "entries": 0, "stale": [], "expired": [], "updated": "", **plain(baseline or {})}
    report: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "suite": plain(suite),
        "target": _target(target, middleware),
        "servers": [plain(server) for server in servers],
        "environment": {"python": "", "platform": "", **plain(environment)},
        "summary": summary(cases, duration_s, error, reasons, [*told["stale"], *told["expired"]], failing),
        "error": plain(error),
        "partial_reasons": reasons,
        "coverage": derived.coverage(plain(coverage), cases, requirements or {}, states, routes),
        "causes": causes(cases),
        "deviations": [_deviation(entry, cases) for entry in deviations],
        "baseline": told,
        "routes": [plain(route) for route in routes],
        "requirements": _cited(cases, requirements or {}),
        "states": plain(states) if states else None,
        "close_codes": {str(code): name for code, name in (close_codes or {}).items()},
        "command": command,
        "started": started,
        "cases": cases,
    }
    clean: dict[str, Any] = redact(report, secrets)
    return clean


def _target(target: Mapping[str, Any], middleware: Sequence[Any]) -> dict[str, Any]:
    given = plain(target)
    return {
        "name": "",
        **given,
        "framework": {"name": "", "version": "", **(given.get("framework") or {})},
        "middleware": plain(middleware) or given.get("middleware", []),
    }


def _case(result: Result) -> dict[str, Any]:
    case = result.case
    trace = [
        # What an observation holds came as JSON, or is written as JSON has it: it needs no copy.
        {"t_us": o.t_us, "boundary": o.boundary, "kind": o.kind, "data": o.data}
        for o in result.trace.observations
    ]
    return {
        "id": case.full_id,
        "node_id": result.node_id,
        "server": result.server,
        "kind": case.kind,
        "title": case.title,
        "section": case.section,
        "verdict": str(result.verdict),
        "layer": str(result.layer) if result.layer is not None else None,
        "requires": list(case.requires),
        "findings": _findings(result.findings),
        "reason": result.reason,
        "duration_ms": round(result.duration_us / 1000, 3),
        "attempts": [_attempt(attempt, result.unstable) for attempt in result.attempts],
        "unstable": result.unstable,
        "reproduce": result.reproduce,
        "tags": derived.with_arrived(plain(case.tags), trace),
        "complete": result.trace.complete,
        "trace": trace,
    }


def _attempt(attempt: Attempt, unstable: bool) -> dict[str, Any]:
    """One run of a case; where its runs came to different answers, with all that each of them found."""
    told = {
        "verdict": str(attempt.verdict),
        "duration_ms": round(attempt.duration_us / 1000, 3),
        "reason": attempt.reason,
        **({"times": attempt.times} if attempt.times > 1 else {}),
    }
    return {**told, "findings": _findings(attempt.findings)} if unstable else told


def _findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings of a case. What held says no more than that: it needs no message and no fix, and stands once.

    A relation that held several times (at each boundary between middleware entries, say) counts its ``times``.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for finding in findings:
        entry = {name: str(text) if (text := getattr(finding, name)) else "" for name in _OF_A_FINDING}
        if finding.verdict not in (Verdict.PASS, Verdict.SKIP):
            found[(len(found),)] = entry
            continue
        key = finding.requirement, finding.verdict, finding.layer, finding.expected, finding.observed
        if key in found:
            found[key]["times"] = found[key].get("times", 1) + 1
        else:
            found[key] = {**entry, "message": "", "fix": ""}
    return list(found.values())


# All of it is text: what turns anything into plain values would look at each for long.
_OF_A_FINDING = Finding._fields


def summary(
    cases: Sequence[Mapping[str, Any]],
    duration_s: float,
    error: Mapping[str, str] | None,
    reasons: Sequence[str],
    stale: Sequence[Any],
    failing: Collection[str],
) -> dict[str, Any]:
    verdicts = Counter(case["verdict"] for case in cases)
    by_layer = {layer: dict.fromkeys(("fail", "warn", "known"), 0) for layer in LAYERS if layer != "suite"}
    for case in cases:
        for finding in case["findings"]:
            if finding["verdict"] in ("fail", "warn", "known"):
                row = by_layer.setdefault(finding["layer"], dict.fromkeys(("fail", "warn", "known"), 0))
                row[finding["verdict"]] += 1
    if error is not None:
        verdict = "error"
    elif stale or any(verdicts[name] for name in failing):
        verdict = "fail"
    elif verdicts[Verdict.ERROR]:
        verdict = "error"
    else:
        verdict = "partial" if reasons else "pass"
    return {
        "verdict": verdict,
        "total": len(cases),
        **{name: verdicts[member] for name, member in _COUNTS.items()},
        "unstable": sum(bool(case["unstable"]) for case in cases),
        "by_layer": by_layer,
        "duration_s": round(float(duration_s), 3),
    }


def _deviation(entry: Mapping[str, Any], cases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    seen = sum(any(finding["deviation"] == entry.get("id") for finding in case["findings"]) for case in cases)
    return {"id": "", "title": "", **plain(entry), "cases": seen}


def _cited(cases: Iterable[Mapping[str, Any]], catalogue: Mapping[str, Requirement]) -> dict[str, Any]:
    cited = {name for case in cases for name in case["requires"]}
    cited |= {finding["requirement"] for case in cases for finding in case["findings"]}
    attempts = [attempt for case in cases if case["unstable"] for attempt in case["attempts"]]
    cited |= {finding["requirement"] for attempt in attempts for finding in attempt.get("findings", ())}
    # Of the documents that the run is about, also what no case decides, with the reason: nothing is passed over.
    documents = {catalogue[name].document for name in cited if name in catalogue}
    cited |= {name for name, each in catalogue.items() if each.no_case and each.document in documents}
    return {name: plain(catalogue[name]) for name in sorted(cited) if name in catalogue}
