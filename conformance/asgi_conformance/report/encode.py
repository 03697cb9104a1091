"""Parts of a report as compact JSON text, ASCII only; a part that stands in many places is encoded once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ENTRY = ("t_us", "boundary", "kind", "data")


class Encoder:
    """Encodes the cases of one report, which must neither change nor go away meanwhile.

    ``allow_nan`` as in `json.dumps`: without it a float that JSON cannot spell raises `ValueError`.
    """

    def __init__(self, *, allow_nan: bool) -> None:
        self.text = json.JSONEncoder(separators=(",", ":"), allow_nan=allow_nan).encode
        self._parts: dict[int, str] = {}
        self._places: dict[tuple[Any, Any], tuple[str, str]] = {}

    def case(self, case: Mapping[str, Any]) -> tuple[str, str, str]:
        """The text of a case in three parts: up to its trace, the trace, and the rest."""
        before: list[str] = []
        trace = ""
        fields: dict[str, Any] = {}
        found = before
        for name, value in case.items():
            if name in ("findings", "trace"):
                found.extend(self._fields(fields))
                fields = {}
                if name == "findings":
                    found.append(f'"findings":{self.array(value)}')
                else:
                    before.append('"trace":')
                    trace = self.trace(value)
                    found = []
            else:
                fields[name] = value
        found.extend(self._fields(fields))
        if found is before:
            return "{" + ",".join(found) + "}", "", ""
        return "{" + ",".join(before), trace, "".join(f",{part}" for part in found) + "}"

    def _fields(self, fields: Mapping[str, Any]) -> list[str]:
        return [self.text(fields)[1:-1]] if fields else []

    def array(self, values: Iterable[Any]) -> str:
        """An array of values of which many stand in other arrays too."""
        return "[" + ",".join([self.part(value) for value in values]) + "]"

    def part(self, value: Any) -> str:
        """A value that may stand in many places: the same object is encoded once."""
        text = self._parts.get(id(value))
        if text is None:
            text = self._parts[id(value)] = self.text(value)
        return text

    def trace(self, entries: Sequence[Mapping[str, Any]]) -> str:
        """A trace as it stands in the report: an array of objects."""
        parts, places, texts = self._parts, self._places, []
        for entry in entries:
            if tuple(entry) != _ENTRY or type(entry["t_us"]) is not int:
                texts.append(self.text(entry))
                continue
            place, data = (entry["boundary"], entry["kind"]), entry["data"]
            named = (places.get(place) or self._place(place))[0]
            text = parts.get(id(data)) or self.part(data)
            texts.append(f'{{"t_us":{entry["t_us"]},{named},"data":{text}}}')
        return "[" + ",".join(texts) + "]"

    def steps(self, entries: Sequence[Mapping[str, Any]]) -> str:
        """A trace as arrays ``[step, boundary, kind, data]``, each with the microseconds since the one before it.

        Small numbers, of which many are alike, deflate to less than times.
        """
        parts, places, texts = self._parts, self._places, []
        before: Any = 0
        for entry in entries:
            place, data = (entry["boundary"], entry["kind"]), entry["data"]
            named = (places.get(place) or self._place(place))[1]
            text = parts.get(id(data)) or self.part(data)
            step = entry["t_us"] - before
            before = entry["t_us"]
            texts.append(f"[{step if type(step) is int else self.text(step)},{named},{text}]")
        return "[" + ",".join(texts) + "]"

    def _place(self, place: tuple[Any, Any]) -> tuple[str, str]:
        boundary, kind = map(self.text, place)
        found = self._places[place] = f'"boundary":{boundary},"kind":{kind}', f"{boundary},{kind}"
        return found
