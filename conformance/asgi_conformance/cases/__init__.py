"""The cases: one module for each section, each reads like the part of the specification that it is about."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable

from ..dialects import decided_by
from ..model import Case
from ..script import registered


def load(wanted: Callable[[str], bool] = lambda _: True) -> tuple[Case, ...]:
    """Every shipped case, in the order of the modules and of the functions in them.

    With ``wanted`` only those of the functions whose id it wants: to write all scripts takes a while.
    """
    for module in sorted(entry.name for entry in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")
    return tuple(case for function in registered().values() if wanted(function.id) for case in function.cases())


def deciding(of: Iterable[Case] | None = None) -> dict[str, dict[str, list[str]]]:
    """By requirement the scripts that decide it, under some framework, each with the ids of its cases.

    ``of`` are the cases that are looked at, the shipped ones where none are given. Those of the target's own routes are
    made while it runs: each way to treat a route stands as a script and as its only case.
    """
    routes = importlib.import_module(f"{__name__}.routes")
    found: dict[str, dict[str, list[str]]] = {}
    for case in load() if of is None else of:
        for id in sorted(decided_by(case)):
            found.setdefault(id, {}).setdefault(case.id, []).append(case.full_id)
    for id in routes.REQUIRES:
        found.setdefault(id, {}).update({way: [way] for way in routes.WAYS})
    return found


def cited() -> frozenset[str]:
    """The ids of all requirements that some case decides, under some framework, or for the target's own routes."""
    routes = importlib.import_module(f"{__name__}.routes")
    return frozenset(routes.REQUIRES).union(*map(decided_by, load()))
