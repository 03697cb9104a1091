"""Why some mutants survive, or are laid on another layer than their own. Each is a limit of the suite that is known."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

# Glob of mutant ids → the reason.
REASONS: Mapping[str, str] = {}


def reason(mutant: str) -> str:
    """Why a mutant survives, '' where nobody knows."""
    return next((text for glob, text in REASONS.items() if fnmatchcase(mutant, glob)), "")
