"""The details of some cases, packed: what a case shows when it is opened on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .foreign import whole
from .tables import Table, columns, encode, mapping, steps

_COLUMNS = ("group", "reason", "command", "handler", "whole", "attempts", "sequence", "steps")
_TABLES = ("findings", "group", "reason", "command", "handler", "attempts", "rows", "sequence")
#: What ``whole`` of a case is: its trace broke off, all of it is there, or it was left out.
_BROKEN, _WHOLE, _OMITTED = range(3)


class Chunk:
    """Cases one after the other, with tables of their own, so that a chunk is read without any other."""

    def __init__(self) -> None:
        self._tables = {name: Table() for name in _TABLES}
        self._cases: list[list[Any]] = []
        self._steps = 0

    def __len__(self) -> int:
        return len(self._cases)

    @property
    def size(self) -> int:
        """About how many characters of JSON it takes."""
        return sum(table.size for table in self._tables.values()) + 3 * self._steps + 20 * len(self)

    def add(self, case: Mapping[str, Any]) -> None:
        """One more case."""
        place = {name: table.place for name, table in self._tables.items()}
        trace = case["trace"]
        self._steps += len(trace)
        # Hundredths of a millisecond are what the drawing shows.
        times = steps(round(entry["t_us"] / 10) for entry in trace)
        self._cases.append(
            [
                place["group"]([place["findings"](_finding(finding)) for finding in case["findings"]]),
                place["reason"](case["reason"]),
                place["command"](_holes(case["reproduce"], case["id"])),
                place["handler"](str(case["tags"].get("handler", ""))),
                _OMITTED if case.get("trace_omitted") else _WHOLE if case["complete"] else _BROKEN,
                # Only what was tried again has anything to tell of its attempts.
                place["attempts"](case["attempts"] if len(case["attempts"]) > 1 else []),
                place["sequence"]([place["rows"](_row(entry)) for entry in trace]),
                times,
            ]
        )

    def json(self) -> str:
        """Tables and columns as an object."""
        tables = [(name, table.json()) for name, table in self._tables.items()]
        return mapping((("tables", mapping(tables)), ("cases", encode(columns(_COLUMNS, self._cases)))))


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in finding.items() if value not in ("", None)}


def _row(entry: Mapping[str, Any]) -> list[Any]:
    return [entry["boundary"], entry["kind"], _shorter(entry["data"])]


def _shorter(value: Any) -> Any:
    """Bytes that are printable ASCII as this text: half as long as in hexadecimal, and alike where the text is."""
    if isinstance(value, dict):
        if value.get("$") == "bytes" and len(value) == 2 and isinstance(value.get("hex"), str):
            return _bytes(value)
        return {name: _shorter(item) if isinstance(item, (dict, list)) else item for name, item in value.items()}
    if isinstance(value, list):
        return [_shorter(item) if isinstance(item, (dict, list)) else item for item in value]
    return value


def _bytes(value: dict[str, Any]) -> dict[str, Any]:
    try:
        text = bytes.fromhex(value["hex"]).decode("ascii")
    except ValueError:
        return value
    return {"$": "bytes", "text": text} if text and text.isprintable() else value


def _holes(text: str, name: str) -> list[str]:
    """The text around each place where the name of its case stands: of most cases the same."""
    return text.split(name) if name and whole(name) == name else [text]
