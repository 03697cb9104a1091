"""The user's baseline: findings that are accepted for now, each with its reason, in a file of the user's own."""

from __future__ import annotations

from .account import Account, Seen
from .entries import Entry, products
from .file import HINT, Baseline, load, parse
from .update import Update, apply, update

__all__ = [
    "HINT",
    "Account",
    "Baseline",
    "Entry",
    "Seen",
    "Update",
    "apply",
    "load",
    "parse",
    "products",
    "update",
]
