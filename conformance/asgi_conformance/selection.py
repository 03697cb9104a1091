"""Which cases are to run: by profile, by ``--case`` patterns, by ``--route``, by node ids on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from . import requirements
from .model import Case, Layer
from .settings import SettingsError, nearest

ROOT = "conformance"
_LAYERS = {"framework": Layer.FRAMEWORK, "server": Layer.SERVER}


def of_profile(cases: Iterable[Case], profile: str) -> list[Case]:
    """The cases that a profile runs: those that decide something about its layer; all for ``app`` and ``all``."""
    layer = _LAYERS.get(profile)
    if layer is None:
        return list(cases)
    binds: dict[tuple[str, ...], bool] = {}
    for case in cases:
        if case.requires not in binds:
            binds[case.requires] = any(requirements.get(id).binds is layer for id in case.requires)
    return [case for case in cases if case.kind != "route" and binds[case.requires]]


def matching(cases: Sequence[Case], patterns: Iterable[str]) -> tuple[list[Case], list[str]]:
    """The cases that any pattern names, in their own order, and the patterns that name none.

    A pattern is an exact id, an id without its row, or a glob in which ``*`` and ``?`` are wild.
    """
    rows: dict[str, list[Case]] = {}
    for case in cases:
        rows.setdefault(case.full_id, []).append(case)
        if case.row:
            rows.setdefault(case.id, []).append(case)
    chosen: set[str] = set()
    unmatched: list[str] = []
    for pattern in dict.fromkeys(patterns):
        found = rows.get(pattern)
        if found is None and any(mark in pattern for mark in "*?"):
            glob = _glob(pattern)
            found = [case for case in cases if fnmatchcase(case.full_id, glob)]
        if found:
            chosen.update(case.full_id for case in found)
        else:
            unmatched.append(pattern)
    return [case for case in cases if case.full_id in chosen], unmatched


def may_name(pattern: str, id: str) -> bool:
    """Whether a pattern can name a case of the function with this id, whatever its rows are."""
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    return id.startswith(fixed) or fixed.startswith(id) if fixed != pattern else fixed.partition("[")[0] == id


def may_name_a_route(pattern: str) -> bool:
    """Whether a pattern can name a case of a route: which ones there are is known only once the target runs."""
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    return fixed.startswith("route.") or (fixed != pattern and "route.".startswith(fixed))


def no_such_case(pattern: str, cases: Sequence[Case], note: str = "") -> SettingsError:
    """The error for a pattern that matches nothing, with the nearest id."""
    ids = list(dict.fromkeys([case.id for case in cases] + [case.full_id for case in cases]))
    if "[" not in pattern and not any(pattern in id for id in ids):
        ids = list(dict.fromkeys(case.id for case in cases))
    return SettingsError(f"--case={pattern} matches no case{note}{nearest(pattern, ids)}")


def routes_matching(routes: Sequence[str], patterns: Iterable[str]) -> list[str]:
    """The routes that any pattern names (exactly, or as a glob). Raises `SettingsError` for one that names none."""
    chosen: set[str] = set()
    for pattern in patterns:
        found = [path for path in routes if path == pattern] or [p for p in routes if fnmatchcase(p, _glob(pattern))]
        if not found:
            shown = nearest(pattern, routes) or (f" (its routes: {', '.join(routes[:8])})" if routes else "")
            raise SettingsError(f"--route={pattern} matches no WebSocket route of the target{shown}")
        chosen.update(found)
    return [path for path in routes if path in chosen]


def _glob(pattern: str) -> str:
    """Rows stand in brackets, so a bracket in a pattern is a bracket: only ``*`` and ``?`` are wild."""
    return pattern.replace("[", "[[]")


def from_node_ids(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split command-line arguments into node ids of the suite (as case patterns) and the rest."""
    ours = [re.sub(rf"^{ROOT}::", "", a) for a in arguments if a.startswith(f"{ROOT}::")]
    return ours, [a for a in arguments if not a.startswith(f"{ROOT}::")]
