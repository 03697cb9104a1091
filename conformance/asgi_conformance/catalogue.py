"""Every case that there is to be told of: shipped ones, those for an endpoint that already runs, the user's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from . import cases, settings, user_cases
from .deployed import cases as deployed
from .model import Case


@cache
def load() -> tuple[Case, ...]:
    """All of them, but for those of the target's own routes. Raises `SettingsError`."""
    own = user_cases.load(settings.load(Path.cwd()).cases)
    return (*cases.load(), *deployed.load(), *own)


@cache
def deciding() -> dict[str, dict[str, list[str]]]:
    """By requirement the scripts that decide it, each with the ids of its cases; see `cases.deciding`."""
    return cases.deciding(load())
