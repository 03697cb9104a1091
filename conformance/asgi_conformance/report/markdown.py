"""The report as Markdown for GitHub's job summary: short, what failed first, and no foreign text as markup."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .causes import OURS
from .foreign import pictured
from .verdicts import HEADLINES

_SYMBOLS = {"pass": "✅", "partial": "◐", "fail": "❌", "error": "💥"}
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#!|~$&@]|:(?=[/\w])|(?<=www)\.|^[-+=]|^\d+(?=[.)])")
_MARKUP_OR_QUOTE = re.compile(_MARKUP.pattern + "|[\"']")
_SHOWN = 20
_LENGTH = 300


def render(report: Mapping[str, Any]) -> str:
    """The summary: verdict and counts, what to mend (at most twenty causes a group), known deviations, coverage."""
    summary = report["summary"]
    lines = [
        f"## {_SYMBOLS[summary['verdict']]} {_target(report)} {HEADLINES[summary['verdict']]}",
        "",
        _under(report),
        "",
    ]
    lines += _counts(summary)
    if report["error"]:
        lines += ["", f"**The run broke off ({text(report['error']['phase'])}):** {text(report['error']['message'])}"]
    lines += _list("Not everything could be judged", report["partial_reasons"])
    lines += _list("Stale entries in the baseline", report["baseline"]["stale"])
    lines += _list("Expired entries in the baseline", report["baseline"].get("expired", ()))
    causes = report["causes"]
    bad = [cause for cause in causes if cause["verdict"] in ("fail", "warn")]
    lines += _causes("In your application", [cause for cause in bad if cause["layer"] in OURS], report)
    lines += _causes("In the stack below it", [cause for cause in bad if cause["layer"] not in OURS], report)
    lines += _causes("Errors of the suite", [cause for cause in causes if cause["verdict"] == "error"], report)
    lines += _known([cause for cause in causes if cause["verdict"] == "known"])
    return "\n".join(lines).rstrip() + "\n"


def text(value: Any, limit: int = _LENGTH) -> str:
    """Foreign text as Markdown that shows it and does nothing: every mark escaped, one line, cut at ``limit``."""
    return _MARKUP.sub(_escaped, _line(value, limit).strip())


def code(value: Any, limit: int = _LENGTH) -> str:
    """Foreign text as a code span; in HTML's form, since no number of backticks is safe in a list or a table."""
    # Character references, so that neither HTML nor Markdown finds a mark, a mention or a link in it.
    return f"<code>{_MARKUP_OR_QUOTE.sub(_reference, _line(value, limit))}</code>"


def _line(value: Any, limit: int) -> str:
    shown = re.sub(r"\s+", " ", pictured(re.sub(r"[\r\n\t]+", " ", str(value))))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _escaped(match: re.Match[str]) -> str:
    # A number at the start would begin a list: its full stop is what must be escaped, and is not part of the match.
    return f"&#{ord(match[0][0])};{match[0][1:]}" if match[0][0].isdigit() else "\\" + match[0]


def _reference(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(char)};" for char in match[0])


def _target(report: Mapping[str, Any]) -> str:
    return code(report["target"]["name"] or "The target")


def _under(report: Mapping[str, Any]) -> str:
    framework = report["target"].get("framework") or {}
    stack = [f"{framework.get('name', '')} {framework.get('version', '')}".strip()]
    known = [(f"{server['name']} {server['version']}".strip(), server["ws"]) for server in report["servers"]]
    stack += [f"{name} ({ws})" if ws else name for name, ws in known]
    python = report["environment"].get("python")
    stack += [f"Python {python}"] if python else []
    return text(" · ".join(part for part in stack if part)) + f" · {report['summary']['duration_s']:.1f} s"


def _counts(summary: Mapping[str, Any]) -> list[str]:
    names = ("failed", "errors", "warned", "known", "noted", "passed", "skipped")
    return [
        "| " + " | ".join(names) + " |",
        "|" + " --: |" * len(names),
        "| " + " | ".join(f"**{summary[name]}**" if summary[name] else "0" for name in names) + " |",
    ]


def _list(title: str, entries: Sequence[Any]) -> list[str]:
    if not entries:
        return []
    more = [f"- and {len(entries) - _SHOWN} more"] if len(entries) > _SHOWN else []
    return ["", f"### {title}", "", *(f"- {text(entry)}" for entry in entries[:_SHOWN]), *more]


def _causes(title: str, causes: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> list[str]:
    if not causes:
        return []
    lines = ["", f"### {title}", ""]
    for cause in causes[:_SHOWN]:
        first = report["cases"][cause["cases"][0]]
        requirement = report["requirements"].get(cause["requirement"], {})
        says = cause["message"] or requirement.get("statement") or first["title"]
        who = f" in {code(cause['component'])}" if cause["component"] else ""
        count = f"{len(cause['cases'])} {'case' if len(cause['cases']) == 1 else 'cases'}"
        lines.append(f"- **{cause['verdict']}** · {cause['layer']}{who} · {count}<br>{text(says)}")
        if cause["requirement"]:
            source = f" · {text(requirement['source'])}" if requirement.get("source") else ""
            lines.append(f"  <br>{code(cause['requirement'])} · {text(cause['level'])}{source}")
        if cause["expected"] or cause["observed"]:
            lines.append(f"  <br>expected {code(cause['expected'])}<br>observed {code(cause['observed'])}")
        fix = cause["fix"] or requirement.get("fix")
        if fix:
            lines.append(f"  <br>{text(fix)}")
        if first["reproduce"]:
            lines.append(f"  <br>{code(first['reproduce'], 500)}")
    if len(causes) > _SHOWN:
        lines.append(f"- and {len(causes) - _SHOWN} more causes")
    return lines


def _known(causes: Sequence[Mapping[str, Any]]) -> list[str]:
    counts: dict[str, int] = {}
    for cause in causes:
        name = cause["deviation"] or cause["requirement"]
        counts[name] = counts.get(name, 0) + len(cause["cases"])
    if not counts:
        return []
    rows = [f"- {code(name)}: {count}" for name, count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))]
    more = [f"- and {len(rows) - _SHOWN} more"] if len(rows) > _SHOWN else []
    return [
        "",
        f"<details><summary>Known deviations: {len(rows)}</summary>",
        "",
        *rows[:_SHOWN],
        *more,
        "",
        "</details>",
    ]
