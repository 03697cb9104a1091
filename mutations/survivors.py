"""Why some mutants survive, or are laid on another layer than their own. Each is a limit of the suite that is known."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

# Glob of mutant ids → the reason.
REASONS: Mapping[str, str] = {
    "middleware.connect.*": "No connection gets past it: the run says so, judges no case and is partial (exit 1).",
    "middleware.accept.hang": "The same: no connection is ever answered.",
    "framework.connect.*": "The same: no operation of the probe ever ends.",
    "framework.accept.hang": "The same: the probe never gets past its accept().",
    "framework.method.*.hang": "The same, as accept() is part of the first connection or calls the method that hangs.",
    "framework.method.receive.twice": "The same: accept() waits for an event after the connect event.",
}


def reason(mutant: str) -> str:
    """Why a mutant survives, '' where nobody knows."""
    return next((text for glob, text in REASONS.items() if fnmatchcase(mutant, glob)), "")
