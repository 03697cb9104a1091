"""What stands in many places stands once: tables of values, and columns of places in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

encode = json.JSONEncoder(separators=(",", ":")).encode


class Table:
    """Different values in the order of their first use; a place is what stands for a value elsewhere."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        #: Characters of JSON so far.
        self.size = 0
        self._places: dict[str, int] = {}

    def place(self, value: Any) -> int:
        """Where ``value`` stands, in the table from now on."""
        text = encode(value)
        found = self._places.get(text)
        if found is None:
            found = self._places[text] = len(self.texts)
            self.texts.append(text)
            self.size += len(text) + 1
        return found

    def json(self) -> str:
        """The table as an array."""
        return "[" + ",".join(self.texts) + "]"


def steps(numbers: Iterable[int]) -> list[int]:
    """Each number as the step from the one before it: small, and many are alike."""
    before = 0
    found = []
    for number in numbers:
        found.append(number - before)
        before = number
    return found


def mapping(parts: Iterable[tuple[str, str]]) -> str:
    """An object out of names and the JSON of their values."""
    return "{" + ",".join(f"{encode(name)}:{text}" for name, text in parts) + "}"


def columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Rows as one list for each name: what is alike stands side by side, which deflates to less."""
    found: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name, value in zip(names, row, strict=True):
            found[name].append(value)
    return found
