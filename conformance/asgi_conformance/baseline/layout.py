"""The text of a baseline in pieces, so that an update leaves the user's own order, comments and layout alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from .file import headers

_PREAMBLE = """\
# Findings of asgi-conformance that are accepted for now, each with its reason.
# A finding that no entry names fails the run, and so does an entry that names nothing any more.
"""


@dataclass(frozen=True, slots=True)
class Block:
    """The text of one entry with the comment right above it, and what follows it after an empty line."""

    body: str
    tail: str

    def without_entry(self) -> Block:
        """What stays when the entry goes: a comment that stands apart from it."""
        return replace(self, body="", tail=self.tail.lstrip("\r\n") if "#" in self.tail else "")


def blocks(text: str) -> tuple[str, list[Block]]:
    """What stands before the first entry, and the blocks of all; together they are the text."""
    starts = [_with_comment(text, offset) for offset in headers(text)]
    pieces = [_block(text[start:end]) for start, end in pairwise((*starts, len(text)))]
    return (text[: starts[0]] if starts else text), pieces


def _with_comment(text: str, offset: int) -> int:
    """Where the comment begins that stands right above a header."""
    while offset:
        above = text.rfind("\n", 0, offset - 1) + 1
        if not text[above:offset].lstrip().startswith("#"):
            break
        offset = above
    return offset


def _block(text: str) -> Block:
    # Not splitlines(): more characters end a line for Python than for TOML.
    lines = re.findall(r"[^\n]*\n|[^\n]+$", text)
    place = len(lines)
    while place and (not lines[place - 1].strip() or lines[place - 1].lstrip().startswith("#")):
        place -= 1
    while place < len(lines) and lines[place].strip():
        place += 1
    return Block("".join(lines[:place]), "".join(lines[place:]))


def changed(body: str, cases: Sequence[str], reason: str = "") -> str:
    """The text of an entry with fewer cases, and where a reason is given, with that one and without an expiry."""
    import tomlkit

    document: Any = tomlkit.parse(body)
    table = document["accept"][0]
    if not isinstance(table["case"], str):
        for name in [name for name in table["case"] if name not in cases]:
            table["case"].remove(name)
    if reason:
        table["reason"] = reason
        table.remove("expires")
    return tomlkit.dumps(document)


def written(entry: Mapping[str, Any]) -> str:
    """A new entry as text."""
    import tomlkit

    table = tomlkit.table()
    for key, value in entry.items():
        if isinstance(value, list):
            names = tomlkit.array()
            names.extend(value)
            value = names.multiline(True)
        table.add(key, value)
    tables = tomlkit.aot()
    tables.append(table)
    document = tomlkit.document()
    document.append("accept", tables)
    return tomlkit.dumps(document)


def joined(preamble: str, kept: Iterable[Block], new: Sequence[str], before: str) -> str:
    """The whole text again, with what is new at its end; it ends its lines as ``before`` did."""
    end = "\r\n" if "\r\n" in before else "\n"
    text = (preamble if before.strip() else _PREAMBLE) + "".join(block.body + block.tail for block in kept)
    if not new:
        return text if text == before else text.rstrip("\r\n") + end
    parts = [text.rstrip("\r\n") + "\n", *(entry.strip("\n") + "\n" for entry in new)]
    return "\n".join(parts).replace("\r\n", "\n").replace("\n", end)
