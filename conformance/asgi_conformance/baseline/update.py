"""What `--update-baseline` makes of a baseline: new findings are added, stale entries go, all else stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..model import Finding, Layer, Result, Verdict, worst
from .account import Seen, known_by
from .entries import MARK, Entry, products
from .file import Baseline, parse
from .layout import Block, blocks, changed, joined, written

TODO = "TODO: say why this is accepted"
# What differs from one run to the next, or moves with every edit of a file: lines, times, addresses, ports.
_VOLATILE = re.compile(
    r"(?<=\.py:)\d+|\b\d+(?:\.\d+)?(?= s\b)|(?<=0x)[0-9a-fA-F]{4,}|(?<=127\.0\.0\.1:)\d+|(?<=127\.0\.0\.1', )\d+"
)


@dataclass(frozen=True)
class Update:
    """The baseline as it has to be written, and what became of its entries."""

    baseline: Baseline
    added: int
    removed: int
    kept: int

    def __str__(self) -> str:
        say = f'; say why at each "{TODO.partition(":")[0]}"' if self.added else ""
        return f"wrote {self.baseline.shown}: {self.added} added, {self.removed} removed, {self.kept} kept{say}"


def update(baseline: Baseline, seen: Seen, failing: Collection[Verdict], clean: Callable[[str], str]) -> Update:
    """The baseline that makes the next run green; ``clean`` takes credentials out of what is written."""
    preamble, found = blocks(baseline.text)
    expired = baseline.expired()
    kept: list[Block] = []
    renewed: list[Entry] = []
    removed = 0
    for entry, block in zip(baseline.entries, found, strict=True):
        over = entry in expired
        covered = seen.covered(entry, (lambda f: f.verdict in failing) if over else known_by)
        gone = {*seen.idle(entry, covered), *(pattern for pattern in entry.cases if seen.unknown(pattern))}
        left = [pattern for pattern in entry.cases if pattern not in gone]
        removed += not left
        if not left:
            kept.append(block.without_entry())
            continue
        reason = ""
        if over and covered:
            renewed.append(replace(entry, cases=tuple(left)))
            reason = f"{TODO} (expired {entry.expires}: {entry.reason})"
        kept.append(replace(block, body=changed(block.body, left, reason)) if gone or reason else block)
    new = [written(table) for table in _tables(seen, failing, renewed, clean)]
    text = joined(preamble, kept, new, baseline.text)
    fresh = replace(baseline, text=text, entries=parse(text, baseline.shown, baseline.servers, baseline.start))
    return Update(fresh, len(new), removed, len(fresh.entries) - len(new))


def _tables(
    seen: Seen, failing: Collection[Verdict], renewed: Iterable[Entry], clean: Callable[[str], str]
) -> list[dict[str, Any]]:
    """New entries: what is the same in several cases is one entry that lists them."""
    servers = {server.id: server for server in seen.servers}
    taken = [(entry, server.id) for entry in renewed for server in seen.here(entry)]
    groups: dict[tuple[str, str, str, str, str], set[str]] = {}
    for result in seen.results:
        case = result.case.full_id
        for f in result.findings if result.verdict in failing else ():
            mine = (entry for entry, id in taken if id == result.server)
            if f.verdict not in failing or any(e.accepts(f.requirement, f.observed, f.layer, case) for e in mine):
                continue
            server = servers.get(result.server)
            # Only what a server does itself depends on which one it is; what serves an endpoint is not known.
            here = f"{server.name}-{server.ws}" if server is not None and server.ws and f.layer is Layer.SERVER else ""
            occurs = "sometimes" if result.unstable else ""
            group = (f.requirement, str(f.layer), here, _steady(clean(f.observed)), occurs)
            groups.setdefault(group, set()).add(clean(case).replace(MARK, "*"))
    tables = []
    for key, cases in sorted(groups.items()):
        requirement, layer, server_name, observed, occurs = key
        listed = next(iter(cases)) if len(cases) == 1 else sorted(cases)
        table: dict[str, Any] = {"case": listed, "requirement": requirement, "layer": layer, "server": server_name}
        tables.append({**table, "observed": observed, "occurs": occurs, "reason": TODO})
    # An observation may be the empty text; a condition that is empty is none.
    return [{key: value for key, value in table.items() if value or key == "observed"} for table in tables]


def _steady(observed: str) -> str:
    """An observed text as a pattern: what cannot stay the same is ``*``."""
    text = _VOLATILE.sub("*", observed.replace(MARK, "*"))
    return re.sub(r"\*+", "*", re.sub("[\ud800-\udfff]+", "*", text))


def apply(
    results: Mapping[str, Result], seen: Seen, entries: Iterable[Entry], failing: Collection[Verdict]
) -> dict[str, Result]:
    """The results as they are under other entries, by node id as given: what these cover is known."""
    versions = products(seen.framework)
    standing = {s.id: [entry for entry in entries if entry.applies(s, versions)] for s in seen.servers}
    return {name: _applied(result, standing.get(result.server, []), failing) for name, result in results.items()}


def _applied(result: Result, entries: Iterable[Entry], failing: Collection[Verdict]) -> Result:
    changed = tuple(_accepted(f, result.case.full_id, entries, failing) for f in result.findings)
    if changed == result.findings or result.verdict is Verdict.ERROR:
        return result
    verdict = worst(f.verdict for f in changed)
    layer = result.layer if verdict in (Verdict.WARN, Verdict.FAIL) else None
    last = replace(result.attempts[-1], findings=changed, verdict=verdict)
    return replace(result, verdict=verdict, layer=layer, attempts=(*result.attempts[:-1], last))


def _accepted(f: Finding, case: str, entries: Iterable[Entry], failing: Collection[Verdict]) -> Finding:
    if f.verdict not in failing and not known_by(f):
        return f
    for entry in entries:
        if entry.accepts(f.requirement, f.observed, f.layer, case):
            return f._replace(verdict=Verdict.KNOWN, deviation=entry.id, message=entry.reason)
    return f
