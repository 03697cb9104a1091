"""A mutant: one fault of one layer, as data that a target in another process can be told."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

LAYERS = ("server", "middleware", "framework", "application")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault.

    ``kind`` says what carries it out (a module beside `target`), ``subject`` what it is about (an event, a frame, an
    operation), ``field`` a part of that or '', ``operator`` what is done to it, ``when`` the only occasions on which it
    is done, '' for all. ``forbids`` are the ids of the requirements that forbid it. ``cases`` are globs of ids of case
    functions that it can touch, ``rows`` globs of rows that are looked at closely. ``more`` is what else the target is
    told.
    """

    layer: str
    kind: str
    subject: str
    operator: str
    field: str = ""
    when: str = ""
    forbids: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    more: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def id(self) -> str:
        """``server.disconnect.code.increased@private``"""
        where = ".".join(part for part in (self.layer, self.subject, self.field, self.operator) if part)
        return f"{where}@{self.when}" if self.when else where

    @property
    def orders(self) -> dict[str, Any]:
        """What the target is told, as plain JSON values."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "subject": self.subject,
            "field": self.field,
            "operator": self.operator,
            "when": self.when,
            **self.more,
        }
