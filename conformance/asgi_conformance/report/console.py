"""What a person reads on the console: a failure, and the summary at the end.

Text that comes from outside is never markup, and its control characters are pictured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from asgi_conformance import requirements
from asgi_conformance.model import Finding, Result, Verdict

from .causes import OURS
from .foreign import one_line
from .server_table import server_table
from .verdicts import HEADLINES, RANK

_SHOWN = 10
_STYLES = {
    "pass": "green",
    "note": "green",
    "known": "yellow",
    "warn": "yellow",
    "fail": "bold red",
    "error": "bold magenta",
    "skip": "dim",
    "partial": "yellow",
}
_LAYER_NAMES = {"application": "your handlers", "middleware": "your middleware"}


@dataclass(frozen=True, slots=True)
class Row:
    """A name and what stands beside it; ``whole`` keeps it on one line, however long, so that it can be copied."""

    name: str
    text: Text
    indent: int = 0
    whole: bool = False


def failure(result: Result, server: str) -> str:
    """A case that failed: requirement, expected, observed, fault, and how to see it again."""
    head = f"{result.verdict.upper()}  {result.case.full_id}      server: {server}"
    lines = [one_line(head), "  " + result.case.title]
    shown = [f for f in result.findings if f.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.KNOWN, Verdict.ERROR)]
    worst = [f for f in shown if f.verdict is result.verdict] or shown
    for finding in worst:
        lines += _finding(finding)
    if result.reason and not worst:
        lines.append(one_line(f"  reason       {result.reason}"))
    if script := result.case.tags.get("script"):
        lines += ["  as a case", *(f"    {one_line(line)}".rstrip() for line in str(script).splitlines())]
    if result.unstable:
        seen = ", ".join(f"{a.verdict} ({a.times} times)" if a.times > 1 else str(a.verdict) for a in result.attempts)
        lines.append(f"  unstable     its runs came to different answers: {seen}")
    return "\n".join([*lines, one_line(f"  reproduce    {result.reproduce}")])


def _finding(finding: Finding) -> list[str]:
    requirement = requirements.load().get(finding.requirement)
    source = f" · {finding.level} · {requirement.source}" if requirement is not None else ""
    lines = [
        f"  requirement  {finding.requirement}{source}",
        f"  expected     {finding.expected}",
        f"  observed     {finding.observed}",
        f"  fault        {finding.layer}" + (f": {finding.component}" if finding.component else ""),
    ]
    lines += [f"  deviation    {finding.deviation}"] if finding.deviation else []
    lines += [f"  mend         {finding.fix}"] if finding.fix else []
    return [one_line(line) for line in lines]


def summarize(report: Mapping[str, Any], writer: Any, files: Sequence[str] = (), verbosity: int = 0) -> None:
    """Write the summary of a report to pytest's terminal writer: the user's own part first, the stack second."""
    if report["error"] and not report["cases"]:
        # pytest says in its own last line why nothing was run.
        _print(_reports(files), writer)
        return
    writer.line()
    writer.sep("=", "ASGI WebSocket conformance")
    parts = (_causes, _partial) if verbosity < 0 else (_own, _stack, _deviations, _causes, _unvisited, _partial)
    lines = [line for part in parts for line in part(report)]
    table = server_table(report, _STYLES) if verbosity >= 0 else None
    _print([_headline(report), *([table] if table else []), *lines], writer)
    _print(_reports(files), writer)


def _reports(files: Sequence[str]) -> list[Text | Row]:
    return [_row("reports", ", ".join(map(one_line, files)), whole=True)] if files else []


def _print(lines: Iterable[Text | Row | Table], writer: Any) -> None:
    console = Console(
        file=writer._file,
        width=max(40, writer.fullwidth),
        force_terminal=writer.hasmarkup,
        color_system="standard" if writer.hasmarkup else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    encoding = getattr(writer._file, "encoding", None) or "utf-8"
    for line in lines:
        if isinstance(line, Table):
            console.print(line)
            continue
        for text, whole in _laid_out(line, console):
            text.plain = text.plain.encode(encoding, "replace").decode(encoding)
            console.print(text, soft_wrap=whole)


def _laid_out(line: Text | Row, console: Console) -> Iterable[tuple[Text, bool]]:
    """The lines of a row: what does not fit goes on under the text, not under the name."""
    if isinstance(line, Text):
        return [(line, False)]
    start = Text(" " * line.indent + f"{line.name:<12} ")
    start.stylize("dim")
    if line.whole:
        return [(start + line.text, True)]
    folded = line.text.wrap(console, max(20, console.width - len(start)))
    margin = Text(" " * len(start))
    return [((start if not place else margin) + part, True) for place, part in enumerate(folded)]


def _headline(report: Mapping[str, Any]) -> Text:
    summary, target = report["summary"], report["target"]
    framework = target["framework"]
    stack = [f"{framework['name']} {framework['version']}".strip()] if framework.get("name") else []
    # Of an endpoint that already runs no more is known than what it says itself.
    known = [(f"{server['name']} {server['version']}", server["ws"]) for server in report["servers"]]
    stack += [f"{name} ({ws})" if ws else name.strip() for name, ws in known if ws or name.strip()]
    python = report["environment"].get("python")
    stack += [f"Python {python}"] if python else []
    text = Text()
    text.append(one_line(target["name"]), "bold")
    text.append(f" {HEADLINES[summary['verdict']]}", _STYLES[summary["verdict"]])
    text.append(one_line(f"  {' · '.join(stack)}") if stack else "", "dim")
    counts = [
        f"{summary[name]} {name}"
        for name in ("failed", "errors", "warned", "known", "noted", "skipped", "unstable")
        if summary[name]
    ]
    cases = "1 case" if summary["total"] == 1 else f"{summary['total']} cases"
    text.append("\n" + ", ".join([f"{cases}: {summary['passed']} passed", *counts]))
    text.append(f" in {summary['duration_s']:.1f} s")
    return text


def _own(report: Mapping[str, Any]) -> list[Text | Row]:
    """The user's own routes, each with what its cases came to, and the user's own middleware."""
    routes: dict[str, Counter[str]] = {str(route["path"]): Counter() for route in report["routes"]}
    for case in report["cases"]:
        if "route" in case["tags"]:
            routes.setdefault(str(case["tags"]["route"]), Counter())[case["verdict"]] += 1
    lines: list[Text | Row] = []
    width = max((cell_len(one_line(path)) for path in routes), default=0)
    for path, counts in routes.items():
        lines.append(
            _row("your routes" if not lines else "", one_line(path).ljust(min(width, 40)), "  ", _counted(counts))
        )
    if any(set(counts) - {"skip"} for counts in routes.values()):
        lines.append(_row("", Text("your handlers were called, over real connections, with all that they do", "dim")))
    faults = [c for c in report["causes"] if c["layer"] == "middleware" and c["verdict"] in ("fail", "warn")]
    for place, name in enumerate(dict.fromkeys(str(cause["component"]) for cause in faults)):
        cases = {case for cause in faults if cause["component"] == name for case in cause["cases"]}
        worst = Counter(report["cases"][case]["verdict"] for case in cases)
        lines.append(_row("middleware" if not place else "", one_line(name), "  ", _counted(worst)))
    return lines


def _stack(report: Mapping[str, Any]) -> list[Text | Row]:
    lines: list[Text | Row] = []
    for layer in ("framework", "server"):
        verdicts: Counter[str] = Counter()
        for case in report["cases"]:
            worst = max(
                (f["verdict"] for f in case["findings"] if f["layer"] == layer), key=RANK.__getitem__, default=""
            )
            if worst:
                verdicts[worst] += 1
        if verdicts:
            lines.append(_row("the stack" if not lines else "", layer.ljust(11), _counted(verdicts)))
    covered = [
        f"{part['covered']}/{part['total']} {name.replace('_', ' ')}"
        for name, part in report["coverage"].items()
        if part["total"]
    ]
    return [*lines, _row("covered", ", ".join(covered))] if covered and lines else lines


def _counted(counts: Mapping[str, int]) -> Text:
    text = Text()
    for verdict in ("fail", "error", "warn", "known", "note", "pass", "skip"):
        if counts.get(verdict):
            text.append(", " if text else "")
            text.append(f"{counts[verdict]} {verdict}", _STYLES[verdict])
    return text or Text("not run", "dim")


def _deviations(report: Mapping[str, Any]) -> list[Text | Row]:
    lines: list[Text | Row] = []
    for entry in report["deviations"]:
        if entry["cases"]:
            name = Text(one_line(entry["id"]), "yellow")
            name.append(f" ({_cases(entry['cases'])})  ", "dim")
            lines.append(_row("known" if not lines else "", name, one_line(entry["title"])))
    return lines


def _causes(report: Mapping[str, Any]) -> list[Text | Row]:
    """What to mend first: one entry for each cause, however many cases it fails."""
    causes = [cause for cause in report["causes"] if cause["verdict"] in ("fail", "error", "warn")]
    if not causes:
        return []
    lines: list[Text | Row] = [Text(), Text("What to mend first", "bold")]
    for number, cause in enumerate(causes[:_SHOWN], 1):
        lines += _cause(number, cause, report)
    if len(causes) > _SHOWN:
        lines.append(Text(f"   … and {len(causes) - _SHOWN} more: see the report", "dim"))
    return lines


def _cause(number: int, cause: Mapping[str, Any], report: Mapping[str, Any]) -> list[Text | Row]:
    where = one_line(cause["component"] or _LAYER_NAMES.get(cause["layer"], cause["layer"]))
    who = f"{cause['layer']}: {where}" if cause["component"] else where
    head = Text(f"{number:>2}. ")
    head.append(f"{cause['verdict'].upper()} ", _STYLES[cause["verdict"]])
    head.append(who, "bold" if cause["layer"] in OURS else "")
    head.append(f"  ({_cases(len(cause['cases']))})", "dim")
    requirement = " · ".join(filter(None, (cause["requirement"], cause["level"])))
    rows = [("requirement", requirement), ("expected", cause["expected"]), ("observed", cause["observed"])]
    rows += [("reason", cause["message"])] if not cause["requirement"] else []
    rows += [("mend", cause["fix"])]
    again = report["cases"][cause["cases"][0]]["reproduce"]
    told = [_row(name, one_line(value), indent=4) for name, value in rows if value]
    return [head, *told, _row("reproduce", one_line(again), indent=4, whole=True)]


def _partial(report: Mapping[str, Any]) -> list[Text | Row]:
    lines: list[Text | Row] = []
    if report["error"]:
        lines.append(_row("no run", Text(one_line(report["error"]["message"]), _STYLES["error"])))
    if report["partial_reasons"]:
        lines += [Text(), Text("Not everything could be judged", "bold yellow")]
        # Its lines are kept: they may hold settings to copy.
        for reason in report["partial_reasons"]:
            lines += [Row("", Text(one_line(line))) for line in str(reason).splitlines()]
    baseline = report["baseline"]
    for title, entries in (("Stale", baseline["stale"]), ("Expired", baseline.get("expired"))):
        if entries:
            lines += [Text(), Text(f"{title} entries in the baseline", "bold red")]
            lines += [Row("", Text(one_line(entry)), whole=True) for entry in entries]
    if baseline.get("updated"):
        lines += [Text(), _row("baseline", one_line(baseline["updated"]))]
    return lines


def _unvisited(report: Mapping[str, Any]) -> list[Text | Row]:
    """The routes that deny, each once, with the lines of the settings as they are to be copied."""
    reasons: dict[str, str] = {}
    for case in report["cases"]:
        # What stands behind the first line is to be copied; other reasons have one line.
        if case["kind"] == "route" and case["verdict"] == "skip" and "\n" in str(case["reason"]):
            reasons.setdefault(str(case["tags"].get("route", "")), str(case["reason"]))
    if not reasons or str(next(iter(reasons.values()))) in report["partial_reasons"]:
        return []
    lines: list[Text | Row] = [Text(), Text("Routes that could not be visited", "bold yellow")]
    for path, reason in reasons.items():
        first, *rest = reason.splitlines()
        lines.append(_row("", Text(one_line(path), "bold"), f"  {one_line(first)}", indent=1))
        lines += [Row("", Text(one_line(line)), whole=True) for line in rest]
    return lines


def _row(name: str, *parts: str | Text, indent: int = 0, whole: bool = False) -> Row:
    text = Text()
    for part in parts:
        text.append_text(part) if isinstance(part, Text) else text.append(part)
    return Row(name, text, indent, whole)


def _cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"
