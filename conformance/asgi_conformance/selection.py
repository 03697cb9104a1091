"""Which cases are to run: by kind, by ``--case`` patterns, by node ids on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from .model import Case
from .settings import SettingsError, nearest

ROOT = "conformance"


def matching(cases: Sequence[Case], patterns: Iterable[str]) -> list[Case]:
    """The cases that any pattern names: an exact id, an id without its row, or a glob.

    Raises `SettingsError` with the nearest id for a pattern that matches nothing.
    """
    chosen: dict[str, Case] = {}
    for pattern in patterns:
        found = [case for case in cases if pattern in (case.full_id, case.id)]
        found = found or [case for case in cases if fnmatchcase(case.full_id, _glob(pattern))]
        if not found:
            ids = [case.full_id for case in cases] + sorted({case.id for case in cases})
            raise SettingsError(f"--case={pattern} matches no case{nearest(pattern, ids)}")
        chosen.update((case.full_id, case) for case in found)
    return [case for case in cases if case.full_id in chosen]


def _glob(pattern: str) -> str:
    """Rows stand in brackets, so a bracket in a pattern is a bracket: only ``*`` and ``?`` are wild."""
    return pattern.replace("[", "[[]")


def from_node_ids(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split command-line arguments into node ids of the suite (as case patterns) and the rest."""
    ours = [a.partition("::")[2] for a in arguments if a == ROOT or a.startswith(f"{ROOT}::")]
    return ours, [a for a in arguments if a != ROOT and not a.startswith(f"{ROOT}::")]
