"""The report of one run as one plain dict (``schema_version`` 1), and writing it to a file.

Everything that a report of any format shows comes from this dict; `docs/report-format.md` describes it and
``schema.json`` beside this module fixes it. It is redacted once, here, before anything can be written.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..model import Component, Requirement, Result, ServerInfo, Verdict
from .causes import LAYERS, causes
from .plain import plain
from .redact import redact

SCHEMA_VERSION = 1
SUFFIXES = (".html", ".json", ".md", ".svg")
COVERAGE = ("requirements", "transitions", "transition_pairs", "simple_paths", "routes", "close_codes")

#: Characters of trace in a .json file. Cases with findings keep theirs; passing ones give way beyond this.
TRACE_BUDGET = 8_000_000

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

    ``suite`` holds name and version; ``target`` name and framework (name, version). ``coverage`` maps each of
    `COVERAGE` to total, covered and missing; absent ones count nothing. ``duration_s`` is in seconds. ``error``
    (phase, message) says why the run did not start or broke off. ``partial_reasons`` are sentences, each with what
    could not be judged. ``deviations`` describe the known deviations that applied (id, title, url, occurs, …), of
    which findings name the id. ``routes`` are the target's own (path, handler, file, line). ``requirements`` may be
    the whole catalogue: only what is cited is embedded. ``states`` is the state table (pairs, transitions).
    ``close_codes`` gives names to codes. ``baseline`` (file, stale) lists entries that no longer occur.
    ``middleware`` lists what stands between the ASGI boundaries, from the outside in. ``failing`` are the case
    verdicts that fail the run (more than ``fail`` under --conformance-strict). ``secrets`` are redacted wherever
    they occur. ``command`` and ``started`` (ISO 8601) are shown as they are.
    """
    cases = [_case(result) for result in results]
    reasons = list(partial_reasons)
    if error is None and not any(case["verdict"] != Verdict.SKIP for case in cases):
        reasons.append("No case was judged.")
    stale = list((baseline or {}).get("stale", ()))
    report: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "suite": plain(suite),
        "target": {"name": "", **plain(target), "middleware": plain(middleware)},
        "servers": [plain(server) for server in servers],
        "environment": plain(environment),
        "summary": _summary(cases, duration_s, error, reasons, stale, failing),
        "error": plain(error),
        "partial_reasons": reasons,
        "coverage": {name: _coverage(coverage.get(name)) for name in COVERAGE} | _others(coverage),
        "causes": causes(cases),
        "deviations": [_deviation(entry, cases) for entry in deviations],
        "baseline": {"file": "", **plain(baseline or {}), "stale": stale},
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


def _case(result: Result) -> dict[str, Any]:
    case = result.case
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
        "findings": [plain(finding) for finding in result.findings],
        "reason": result.reason,
        "duration_ms": round(result.duration_us / 1000, 3),
        "attempts": [
            {"verdict": str(a.verdict), "duration_ms": round(a.duration_us / 1000, 3), "reason": a.reason}
            for a in result.attempts
        ],
        "unstable": result.unstable,
        "reproduce": result.reproduce,
        "tags": plain(case.tags),
        "complete": result.trace.complete,
        "trace": [
            {"t_us": o.t_us, "boundary": o.boundary, "kind": o.kind, "data": plain(o.data)}
            for o in result.trace.observations
        ],
    }


def _summary(
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


def _coverage(entry: Any) -> dict[str, Any]:
    return {"total": 0, "covered": 0, "missing": [], **plain(entry or {})}


def _others(coverage: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(entry) for name, entry in coverage.items() if name not in COVERAGE}


def _deviation(entry: Mapping[str, Any], cases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    seen = sum(any(finding["deviation"] == entry.get("id") for finding in case["findings"]) for case in cases)
    return {"id": "", "title": "", **plain(entry), "cases": seen}


def _cited(cases: Iterable[Mapping[str, Any]], catalogue: Mapping[str, Requirement]) -> dict[str, Any]:
    cited = {name for case in cases for name in case["requires"]}
    cited |= {finding["requirement"] for case in cases for finding in case["findings"]}
    return {name: plain(catalogue[name]) for name in sorted(cited) if name in catalogue}


def dumps(report: Mapping[str, Any]) -> str:
    """The report as JSON text: the head indented, each case on a line of its own, ASCII only.

    Traces of passing cases are left out once all traces together exceed `TRACE_BUDGET`; such a case says
    ``"trace_omitted": true``.
    """
    head = {name: value for name, value in report.items() if name != "cases"}
    text = json.dumps(head, indent=1, allow_nan=False)
    lines = ",\n".join(_lines(report["cases"]))
    return f'{text[:-2]},\n "cases": [\n{lines}\n ]\n}}\n'


def _lines(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [_compact(case) for case in cases]
    spent = sum(len(line) for line, case in zip(lines, cases, strict=True) if case["verdict"] not in ("pass", "skip"))
    for position, case in enumerate(cases):
        if case["verdict"] not in ("pass", "skip") or not case["trace"]:
            continue
        if spent + len(lines[position]) > TRACE_BUDGET:
            lines[position] = _compact({**case, "trace": [], "trace_omitted": True})
        spent += len(lines[position])
    return lines


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def load(path: Path) -> dict[str, Any]:
    """A report from its .json file.

    Raises:
        ValueError: the file is no report, or of a schema version that this release does not know.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise ValueError(f"{path} is not JSON: {exc}") from None
    version = report.get("schema_version") if isinstance(report, dict) else None
    if version != SCHEMA_VERSION:
        raise ValueError(f"{path} is no conformance report of schema version {SCHEMA_VERSION} (it says {version!r}).")
    return dict(report)


def render(report: Mapping[str, Any], suffix: str) -> str:
    """The text of a report in the format that a file suffix names.

    Raises:
        ValueError: the suffix names no format.
    """
    # Each format is imported when it is asked for: most runs write none, and templates cost start-up time.
    if suffix == ".json":
        return dumps(report)
    if suffix == ".html":
        from . import html

        return html.render(report)
    if suffix == ".md":
        from . import markdown

        return markdown.render(report)
    if suffix == ".svg":
        from . import badge

        return badge.svg(report)
    raise ValueError(f"A report cannot end in {suffix or 'nothing'!r}: use one of {', '.join(SUFFIXES)}.")


def write(report: Mapping[str, Any], path: Path) -> None:
    """Writes a report in the format that the suffix of ``path`` names; parents are made, the file appears at once.

    Raises:
        ValueError: the suffix names no format.
        OSError: the file cannot be written.
    """
    path = Path(path)
    text = render(report, path.suffix.lower())
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        # mkstemp makes the file private; a report is as readable as any file that the user writes.
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
