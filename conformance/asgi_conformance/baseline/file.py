"""The file of a baseline: TOML, one ``[[accept]]`` for each entry. What is wrong with it is one line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from .. import requirements
from ..model import Layer
from ..settings import SettingsError, kinds, nearest
from .entries import PREFIX, Entry

HINT = "--baseline=conformance-baseline.toml"
_REQUIRED = ("case", "requirement", "observed", "reason")
_CONDITIONS = ("layer", "server", "server_version", "framework", "framework_version")
_OPTIONAL = ("id", "reference", "expires", "occurs", *_CONDITIONS)
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*accept[ \t]*\]\][ \t]*(?:#.*)?$", re.MULTILINE)
_LAYERS = tuple(str(layer) for layer in Layer if layer is not Layer.SUITE)


@dataclass(frozen=True)
class Baseline:
    """A baseline as it was read: its place, its entries, and its text, from which an update starts."""

    path: Path
    shown: str
    text: str
    entries: tuple[Entry, ...]
    servers: tuple[str, ...] = ()
    start: str = ""

    def expired(self, today: date | None = None) -> tuple[Entry, ...]:
        """The entries whose last day has passed: they cover nothing any more."""
        day = today or date.today()
        return tuple(entry for entry in self.entries if entry.expires is not None and day > entry.expires)

    @property
    def standing(self) -> tuple[Entry, ...]:
        """The entries that have not expired."""
        over = self.expired()
        return tuple(entry for entry in self.entries if entry not in over)

    def place(self, entry: Entry) -> str:
        """``conformance-baseline.toml:12``"""
        return f"{self.shown}:{entry.line}"


def load(name: str, folder: Path, servers: Collection[str], new: bool = False) -> Baseline:
    """Read a baseline; ``new`` allows that there is none yet. ``servers`` are the names that a condition may use.

    Raises `SettingsError`.
    """
    path = Path(folder, name)
    if path.suffix.lower() != ".toml":
        raise SettingsError(f"--baseline={name}: a baseline is a .toml file")
    if path.is_dir():
        raise SettingsError(f"--baseline={name}: this is a folder, not a file")
    try:
        # Read as bytes: the ends of the lines are the user's.
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        if not new:
            raise SettingsError(
                f"--baseline={name}: there is no such file; --update-baseline writes it from a run"
            ) from None
        text = ""
    except UnicodeDecodeError:
        raise SettingsError(f"--baseline={name}: the file is not UTF-8") from None
    except OSError as exc:
        raise SettingsError(f"--baseline={name}: {exc.strerror or exc}") from None
    start = f"{folder}/"
    shown = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
    return Baseline(path, shown, text, parse(text, shown, servers, start), tuple(servers), start)


def parse(text: str, shown: str, servers: Collection[str] = (), start: str = "") -> tuple[Entry, ...]:
    """The entries of a baseline's text; ``start`` is the folder (with its last slash) where observed paths start.

    Raises `SettingsError`, whose line begins with ``shown`` and the line.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{shown}: {exc}") from None
    for key in tables:
        if key != "accept":
            raise SettingsError(f'{shown}: unknown key "{key}"; each entry begins with [[accept]]')
    found = tables.get("accept", [])
    offsets = headers(text)
    if not isinstance(found, list) or len(found) != len(offsets):
        raise SettingsError(f"{shown}: each entry must begin with a line [[accept]]")
    entries: list[Entry] = []
    taken: dict[str, int] = {}
    for number, (table, offset) in enumerate(zip(found, offsets, strict=True), 1):
        line = text.count("\n", 0, offset) + 1
        entry = replace(_entry(table, number, line, f"{shown}:{line}", servers), folder=start)
        if entry.id in taken:
            raise SettingsError(f'{shown}:{line}: the id "{table.get("id", number)}" is that of line {taken[entry.id]}')
        taken[entry.id] = line
        entries.append(entry)
    return tuple(entries)


def headers(text: str) -> list[int]:
    """Where the lines ``[[accept]]`` of a valid text begin; not those within a text of several lines."""
    found = [match.start() for match in _HEADER.finditer(text.replace("\r\n", " \n"))]
    if '"""' in text or "'''" in text:
        found = [offset for offset in found if _complete(text[:offset])]
    return found


def _complete(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _entry(table: Mapping[str, Any], number: int, line: int, where: str, servers: Collection[str]) -> Entry:
    known = (*_REQUIRED, *_OPTIONAL)
    for key in table:
        if key not in known:
            raise SettingsError(f'{where}: unknown key "{key}"{nearest(key, known)}')
    for key in _REQUIRED:
        if key not in table:
            raise SettingsError(f'{where}: the entry has no "{key}"')
    for problem in _problems(table, servers):
        raise SettingsError(f"{where}: {problem}")
    values = {key: value for key, value in table.items() if key not in ("id", "case")}
    case = table["case"]
    cases = (case,) if isinstance(case, str) else tuple(case)
    return Entry(id=f"{PREFIX}{table.get('id', number)}", line=line, cases=cases, **values)


def _problems(table: Mapping[str, Any], servers: Collection[str]) -> Iterator[str]:
    case = table["case"]
    if not (isinstance(case, str) or (isinstance(case, list) and all(isinstance(name, str) for name in case))):
        yield '"case" must be an id, a pattern, or a list of them'
    if not case or (isinstance(case, list) and "" in case):
        yield '"case" names nothing'
    for key, value in table.items():
        if key not in ("case", "expires") and not isinstance(value, str):
            yield f'"{key}" must be a string, not {kinds(type(value))}'
    # A date and time is a date too.
    if "expires" in table and type(table["expires"]) is not date:
        yield '"expires" must be a date without quotes, such as 2027-01-31'
    if not table["reason"].strip():
        yield '"reason" is empty; say why this is accepted'
    if not re.fullmatch(r"[\w.-]*", table.get("id", "")) or table.get("id", "x") == "" or table.get("id", "").isdigit():
        yield '"id" must be made of letters, digits, ".", "-" and "_", and be no number'
    if table["requirement"] not in requirements.load():
        yield f'unknown requirement "{table["requirement"]}"{nearest(table["requirement"], requirements.load())}'
    yield from _conditions(table, servers)


def _conditions(table: Mapping[str, Any], servers: Collection[str]) -> Iterator[str]:
    for key, choices in (("layer", _LAYERS), ("occurs", ("always", "sometimes"))):
        if key in table and table[key] not in choices:
            yield f'"{key}" must be one of {", ".join(choices)}, not "{table[key]}"'
    server = re.split("[-:]", table.get("server", ""))[0]
    if "server" in table and servers and server not in servers:
        yield f'unknown server "{table["server"]}"{nearest(server, servers)} (known: {", ".join(servers)})'
    for product in ("server", "framework"):
        key = f"{product}_version"
        if key in table and not table.get(product):
            yield f'"{key}" needs "{product}" beside it'
        if key in table and not _versions(table[key]):
            yield f'"{key}" must be versions such as ">=0.50,<0.55", not "{table[key]}"'


def _versions(text: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return bool(str(SpecifierSet(text)))
    except InvalidSpecifier:
        return False
