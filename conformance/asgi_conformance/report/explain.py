"""What the command line says of cases, requirements and comparisons, as lines of text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from asgi_conformance.deviations import Deviation
from asgi_conformance.model import Case, Requirement, Step

from .compare import Comparison
from .foreign import one_line

_LEFT = 44
_LEVELS = {"MUST": "bold red", "SHOULD": "yellow", "MAY": "cyan", "SILENT": "dim"}
_KINDS = {"regressed": "bold red", "fixed": "green", "changed": "yellow", "noted": "dim", "new": "cyan", "gone": "dim"}
_OPCODES = {0: "a continuation frame", 1: "text", 2: "binary", 8: "Close", 9: "a ping", 10: "a pong"}


def listed(cases: Sequence[Case]) -> Iterator[Text]:
    """One line for each case: its id, then the sentence."""
    width = min(max((len(case.full_id) for case in cases), default=0), 52)
    for case in cases:
        line = Text(case.full_id.ljust(width), "bold")
        line.append(f"  {case.title}", "not bold")
        yield line


def case(case: Case, cited: Sequence[Requirement], rows: Sequence[str]) -> Iterator[Text]:
    """One case: what it shows, its script drawn as a sequence, what it decides and why that matters."""
    yield Text(case.full_id, "bold")
    yield Text(case.title)
    needs = f" · needs {', '.join(sorted(case.needs))}" if case.needs else ""
    yield Text(f"{case.section} · {case.kind}{needs}", "dim")
    if len(rows) > 1:
        shown = ", ".join(rows[:12]) + (f" and {len(rows) - 12} more" if len(rows) > 12 else "")
        yield Text(f"rows: {shown}", "dim")
    if case.steps:
        yield Text()
        yield Text("client".ljust(_LEFT + 4) + "application", "dim")
        for step in case.steps:
            yield _drawn(step)
    yield Text()
    yield Text("Decides", "bold")
    for each in cited:
        yield from _stated(each)


def requirement(requirement: Requirement, url: str, scripts: Mapping[str, Sequence[str]]) -> Iterator[Text]:
    """One requirement: what is demanded of whom, where it is written, and which scripts decide it with which cases."""
    yield Text(requirement.id, "bold")
    yield from list(_stated(requirement))[1:]
    if url:
        yield Text(f"  {url}", "dim")
    bounds = (("since", requirement.since), ("until", requirement.until))
    versions = [f"{word} {version}" for word, version in bounds if version]
    if versions:
        yield Text(f"  ASGI WebSocket specification {', '.join(versions)}")
    yield Text()
    total = sum(map(len, scripts.values()))
    count = "1 case" if total == 1 else f"{total} cases"
    yield Text(f"Decided by {count}" if total else f"No case: {requirement.no_case or 'none yet'}", "bold")
    for id, cases in scripts.items():
        yield Text(f"  {id} ({len(cases)})")


def deviation(deviation: Deviation, cited: Sequence[Requirement], cases: Sequence[str]) -> Iterator[Text]:
    """One known deviation: of what, from what, how it shows, what it stands on, and where it can be seen."""
    yield Text(deviation.id, "bold")
    yield Text(deviation.reason)
    ws = f" ({', '.join(deviation.ws)})" if deviation.ws else ""
    bounds = [f"{word} {v}" for word, v in (("since", deviation.since), ("until", deviation.until)) if v]
    yield Text(f"{deviation.product}{ws} · {', '.join(bounds) or 'all versions'} · occurs {deviation.occurs}", "dim")
    yield Text(f"  observed: {one_line(deviation.observed)}")
    yield Text(f"  evidence: {one_line(deviation.evidence)}")
    if deviation.reference:
        yield Text(f"  {deviation.reference}", "dim")
    yield Text()
    yield Text("Departs from", "bold")
    for each in cited:
        yield from _stated(each)
    yield Text()
    yield Text("Can be seen in" if cases else "No case shows it", "bold")
    for id in cases:
        yield Text(f"  {id}")


def requirements(chosen: Iterable[Requirement], deciding: Mapping[str, Collection[str]]) -> Iterator[Text]:
    """One line for each requirement: level, id, whom it binds, and by how many scripts it is decided."""
    for each in chosen:
        line = Text(f"{each.level:<7}", _LEVELS[each.level])
        line.append(f"{each.id:<44} ", "bold")
        line.append(f"{each.binds:<12} ", "not bold")
        scripts = len(deciding.get(each.id, ()))
        line.append(f"{scripts} scripts" if scripts != 1 else "1 script", "dim" if scripts else "")
        yield line


def compared(found: Comparison) -> Iterator[Text]:
    """What regressed first; then what was fixed, changed, is new or gone."""
    kinds = [(kind, getattr(found, kind)) for kind in _KINDS]
    for kind, changes in kinds:
        if changes:
            yield Text(f"{kind} ({len(changes)})", _KINDS[kind])
        for change in changes:
            verdicts = " → ".join(filter(None, (change.before, change.after)))
            yield Text(one_line(f"  {change.name}  {verdicts}" + (f"  {change.note}" if change.note else "")))
    if not any(changes for _, changes in kinds):
        yield Text("no difference")


_LEVEL_MATTERS = {
    "MUST": "A breach fails the run.",
    "SHOULD": "A breach is a warning; --conformance-strict makes it fail.",
    "MAY": "Either way conforms; what was seen is noted.",
    "SILENT": "No document speaks: what was seen is noted, and nobody is blamed.",
}
_LAYER_MATTERS = {
    "server": "Every application under this server sees a breach, and none of them can mend it.",
    "middleware": "All that stands behind this middleware is told something else than what happened.",
    "framework": "Every handler written with this framework sees a breach, and code that trusts its documents breaks.",
    "application": "Users of this route meet a breach: as an error, a leak, or a connection that never ends.",
}


def _matters(requirement: Requirement) -> str:
    return f"{_LAYER_MATTERS.get(requirement.binds, '')} {_LEVEL_MATTERS[requirement.level]}".strip()


def _stated(requirement: Requirement) -> Iterator[Text]:
    yield Text(f"  {requirement.id}")
    line = Text(f"  {requirement.level}", _LEVELS[requirement.level])
    line.append(f" · {requirement.binds} · {requirement.source}", "dim")
    yield line
    yield Text(f"  {requirement.statement}")
    yield Text(f"  Why it matters: {_matters(requirement)}")
    if requirement.note:
        yield Text(f"  Note: {requirement.note}")
    if requirement.fix:
        yield Text(f"  How to mend: {requirement.fix}")


def _drawn(step: Step) -> Text:
    line = Text(f"{step.index + 1:>2}  ", "dim")
    words = _words(step)
    if step.lane == "client":
        line.append(words)
    else:
        line.append(" " * _LEFT + words, "cyan")
    if step.group is not None:
        line.append("  (order open)", "dim")
    return line


def _words(step: Step) -> str:
    args = dict(step.args)
    if step.lane == "app":
        given = ", ".join(f"{name}={_short(value)}" for name, value in (args.get("args") or {}).items())
        raises, expect = args.get("raises"), _expected(args.get("expect"))
        told = ", ".join(f"{name}={_short(value)}" for name, value in expect.items() if value is not None)
        if raises:
            return f"{step.op}({given}) raises {raises if isinstance(raises, str) else 'an exception'}({told})"
        return f"{step.op}({given})" + (f" → {told}" if told else "")
    expect = _expected(args.pop("expect", None))
    if "opcode" in args:
        opcode = args.pop("opcode")
        args = {"": _OPCODES.get(opcode, f"opcode {opcode}"), **args}
    shown = {name: value for name, value in {**args, **expect}.items() if value not in (None, [], "")}
    told = " ".join(f"{name}={_short(value)}".lstrip("=") for name, value in shown.items())
    return f"{step.op} {told}".rstrip()


def _expected(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {} if value is None else {"value": value}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and " " not in value and value.isprintable() else repr(value)
    return one_line(text if len(text) <= 40 else f"{text[:39]}…")
