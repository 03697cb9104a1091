"""Every case that there is to be told of: shipped ones, those for an endpoint that already runs, the user's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from . import cases, settings, user_cases
from .cases import routes
from .deployed import cases as deployed
from .dialects import decided_by
from .model import Case


@cache
def load() -> tuple[Case, ...]:
    """All of them, but for those of the target's own routes. Raises `SettingsError`."""
    own = user_cases.load(settings.load(Path.cwd()).cases)
    return (*cases.load(), *deployed.load(), *own)


@cache
def deciding() -> dict[str, dict[str, list[str]]]:
    """By requirement the scripts that decide it, under some framework, each with the ids of its cases.

    What is done to every route is one script, and its only case: the routes are not known here.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for case in load():
        for id in decided_by(case):
            found.setdefault(id, {}).setdefault(case.id, []).append(case.full_id)
    for id in routes.REQUIRES:
        found.setdefault(id, {}).update({way: [way] for way in routes.WAYS})
    return found
