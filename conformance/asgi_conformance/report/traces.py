"""Traces as a report shows them: plain, redacted, and data that was observed a thousand times held once.

Of the observations of a run nine in ten say what others said before: the same state changes, the same events, the
same middleware. So each distinct one is made plain and redacted once, by the same rules as everything else.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from typing import Any

from asgi_conformance.model import Observation

from .plain import plain
from .redact import Redactor


class Traces:
    """The traces of one report. Entries of equal data share one dict, so nobody may change it."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._data: dict[bytes, Any] = {}
        self._places: dict[tuple[str, str], tuple[Any, Any]] = {}

    def shown(self, observations: Iterable[Observation]) -> list[dict[str, Any]]:
        """The entries of ``trace`` for the observations of one case."""
        data, places, shown = self._data, self._places, []
        for seen in observations:
            place = seen.boundary, seen.kind
            try:
                boundary, kind = places[place]
            except KeyError:
                boundary, kind = places[place] = self._place(*place)
            try:
                # Equal bytes mean equal data of equal types in equal order: version 0 knows no references.
                key = marshal.dumps(seen.data, 0)
            except ValueError:  # not made of built-in types alone
                clean = self._clean(seen.data)
            else:
                clean = data.get(key)
                if clean is None:
                    clean = data[key] = self._clean(seen.data)
            shown.append({"t_us": seen.t_us, "boundary": boundary, "kind": kind, "data": clean})
        return shown

    def _place(self, boundary: str, kind: str) -> tuple[Any, Any]:
        clean = self._redactor.value({"boundary": boundary, "kind": kind})
        return clean["boundary"], clean["kind"]

    def _clean(self, data: Any) -> Any:
        return self._redactor.value({"data": plain(data)})["data"]
