"""The cases: one module for each section, each reads like the part of the specification that it is about."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

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


def deciding() -> dict[str, dict[str, int]]:
    """By requirement the scripts that decide it, under some framework, each with its number of cases.

    The cases of the target's own routes are made while it runs: they count once for each way to treat a route.
    """
    routes = importlib.import_module(f"{__name__}.routes")
    found: dict[str, dict[str, int]] = {}
    for case in load():
        for id in sorted(decided_by(case)):
            scripts = found.setdefault(id, {})
            scripts[case.id] = scripts.get(case.id, 0) + 1
    for id in routes.REQUIRES:
        found.setdefault(id, {}).update(dict.fromkeys(routes.WAYS, 1))
    return found


def cited() -> frozenset[str]:
    """The ids of all requirements that some case decides, under some framework, or for the target's own routes."""
    routes = importlib.import_module(f"{__name__}.routes")
    return frozenset(routes.REQUIRES).union(*map(decided_by, load()))
