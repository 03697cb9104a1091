"""Compares two reports case by case: what regressed, what was fixed, what is new or gone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A note says that no document speaks: to fall to it, or to rise from it, is no regression.
KINDS = ("regressed", "fixed", "changed", "noted", "new", "gone")
_RANK = {"pass": 0, "note": 0, "known": 1, "warn": 2, "fail": 3, "error": 4}


@dataclass(frozen=True, slots=True)
class Change:
    """One case in both reports, or in one of them: ``before`` or ``after`` is empty where it does not occur.

    ``note`` says in words what differs; ``server`` is empty where each report has only one.
    """

    id: str
    server: str
    before: str
    after: str
    title: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """The id, and the server where there are several."""
        return f"{self.id}@{self.server}" if self.server else self.id


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the cases from one report to another.

    ``regressed`` came to a worse verdict, ``fixed`` to pass or note from a worse one. ``changed`` came to another
    verdict without being either: less bad, or judged in only one of them. ``noted`` has the same verdict with another
    observation: a note, a known deviation or a breach that is not what it was; what holds in other words is no
    change. Skipped cases are never a regression: nothing was judged.
    """

    regressed: tuple[Change, ...]
    fixed: tuple[Change, ...]
    changed: tuple[Change, ...]
    noted: tuple[Change, ...]
    new: tuple[Change, ...]
    gone: tuple[Change, ...]

    def as_dict(self) -> dict[str, list[dict[str, str]]]:
        """The same as plain values, for JSON."""
        names = ("id", "server", "before", "after", "title", "note")
        return {
            kind: [{name: getattr(change, name) for name in names} for change in getattr(self, kind)] for kind in KINDS
        }


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """What became of the cases of report ``a`` in report ``b``.

    Cases are matched by id and server; by id alone where each report has one server, whatever its version.
    """
    alone = len(a["servers"]) <= 1 and len(b["servers"]) <= 1
    before, after = _by_key(a, alone), _by_key(b, alone)
    found: dict[str, list[Change]] = {kind: [] for kind in KINDS}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            case = new or old or {}
            found["gone" if new is None else "new"].append(
                Change(*key, old["verdict"] if old else "", new["verdict"] if new else "", case["title"], _seen(case))
            )
            continue
        kind = _kind(old, new)
        if kind:
            note = _difference(old, new)
            found[kind].append(Change(*key, old["verdict"], new["verdict"], new["title"], note))
    return Comparison(**{kind: tuple(changes) for kind, changes in found.items()})


def _by_key(report: Mapping[str, Any], alone: bool) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(case["id"], "" if alone else case["server"]): case for case in report["cases"]}


def _kind(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    before, after = _RANK.get(old["verdict"]), _RANK.get(new["verdict"])
    if before is None or after is None:
        return "" if before == after else "changed"
    if after > before:
        return "regressed"
    if after < before:
        return "fixed" if after == 0 else "changed"
    if before != after or old["verdict"] != new["verdict"]:
        return "changed"
    return "noted" if _observed(old) != _observed(new) else ""


def _observed(case: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What was seen that did not simply hold."""
    found = (f for f in case["findings"] if f["verdict"] not in ("pass", "skip"))
    return sorted({(f["requirement"], f["verdict"], f["observed"]) for f in found})


def _seen(case: Mapping[str, Any]) -> str:
    worst = max(case["findings"], key=lambda f: _RANK.get(f["verdict"], -1), default=None)
    return f"{worst['requirement']}: {worst['observed']}" if worst and worst["verdict"] != "pass" else case["reason"]


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The first finding that differs, in words."""
    was = {f["requirement"]: f for f in old["findings"]}
    for finding in sorted(new["findings"], key=lambda f: -_RANK.get(f["verdict"], -1)):
        other = was.get(finding["requirement"])
        if other is None:
            return f"{finding['requirement']}: {finding['observed']}"
        if (other["observed"], other["verdict"]) != (finding["observed"], finding["verdict"]):
            return f"{finding['requirement']}: {other['observed']} → {finding['observed']}"
    return str(new["reason"] or old["reason"])
