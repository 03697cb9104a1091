"""The requirements: what the documents demand, as data, one TOML file a document.

A file has one table ``[document]`` (``key``, ``title``; optional ``url``, ``version``, ``date``, ``anchor`` and
``[document.parts.NAME]`` for the further texts that the document stands on) and one ``[[requirement]]`` for each
statement: ``id``, ``section``, ``level``, ``binds``, ``statement``; optional ``part``, ``since``, ``until``,
``released``, ``note``, ``no_case``, ``fix``. The source that users read is derived from title and section, so it is
typed nowhere.
"""

from __future__ import annotations

import re
import tomllib
from collections import ChainMap
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

from asgi_conformance.model import Layer, Level, Requirement

from .own import DOCUMENT, OWN, OwnRequirementError, anew, own, requirement

__all__ = [
    "DOCUMENT", "KEYS", "OWN", "Document", "OwnRequirementError", "RequirementsError", "Text",
    "anew", "applies", "documents", "get", "load", "own", "parse", "requirement", "url",
]  # fmt: skip

_FRAMEWORKS = ("starlette", "fastapi", "litestar", "falcon", "quart", "sanic", "channels", "blacksheep")
KEYS = ("rfc6455", "asgi", *_FRAMEWORKS, "suite")

_ID = re.compile(r"[a-z0-9]+(?:\.[a-z0-9]+(?:-[a-z0-9]+)*){2}")
_VERSION = re.compile(r"\d+\.\d+")
_RELEASE = re.compile(r"\d+(?:\.\d+)+")
_NEEDED = frozenset({"id", "section", "level", "binds", "statement"})
_ALLOWED = _NEEDED | {"part", "since", "until", "released", "note", "no_case", "fix"}
_DOCUMENT_NEEDED = frozenset({"key", "title"})
_DOCUMENT_ALLOWED = _DOCUMENT_NEEDED | {"url", "version", "date", "anchor", "parts"}
_PART = frozenset({"title", "url"})

E = TypeVar("E", Level, Layer)


class RequirementsError(ValueError):
    """The shipped requirements contradict their own rules; the message names the file and the id."""


@dataclass(frozen=True, slots=True)
class Text:
    """A further text on which a document stands, such as the release notes of a framework."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Document:
    """Where requirements come from. ``anchor`` is a template for the link to a section, '' where there is none."""

    key: str
    title: str
    url: str = ""
    version: str = ""
    date: str = ""
    anchor: str = ""
    parts: Mapping[str, Text] = field(default_factory=dict)


def load() -> Mapping[str, Requirement]:
    """All requirements by id, in the order of the files, then the user's own. Raises `RequirementsError`."""
    return ChainMap(own(), _loaded()[1]) if own() else _loaded()[1]  # type: ignore[arg-type]


def documents() -> Mapping[str, Document]:
    """The documents by key, in the order of their authority. Raises `RequirementsError` if the data is broken."""
    return _loaded()[0]


def get(id: str) -> Requirement:
    """The requirement of this id. Raises `KeyError` with the id if there is none."""
    mine = own().get(id)
    return mine if mine is not None else _loaded()[1][id]


def url(requirement: Requirement) -> str:
    """Where a reader finds the source: its section where the document has stable anchors; '' for our own rules."""
    if requirement.document == DOCUMENT:
        return ""
    document = documents()[requirement.document]
    for part in document.parts.values():
        if requirement.source.startswith(f"{part.title}, "):
            return part.url
    return document.url + document.anchor.format(section=requirement.section)


def applies(requirement: Requirement, spec_version: str) -> bool:
    """Whether a server that advertises this version of the ASGI WebSocket specification is held to the statement.

    ``since`` and ``until`` are both included. A server that advertises none counts as ``"2.0"`` (ASGI WebSocket
    specification, Connection Scope). Raises `ValueError` if the version is not two numbers joined by a dot.
    """
    version = _version(spec_version)
    if requirement.since is not None and version < _version(requirement.since):
        return False
    return requirement.until is None or version <= _version(requirement.until)


def parse(text: str, key: str) -> tuple[Document, tuple[Requirement, ...]]:
    """Read one file. Raises `RequirementsError` for whatever breaks the rules in this module's docstring."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RequirementsError(f"{key}.toml: {error}") from error
    _check_keys(data, {"document", "requirement"}, {"document", "requirement"}, f"{key}.toml")
    document = _document(data["document"], key)
    return document, tuple(_requirement(table, document) for table in data["requirement"])


@cache
def _loaded() -> tuple[Mapping[str, Document], Mapping[str, Requirement]]:
    found: dict[str, Document] = {}
    requirements: dict[str, Requirement] = {}
    for key in KEYS:
        text = files(__package__).joinpath(f"{key}.toml").read_text(encoding="utf-8")
        document, parsed = parse(text, key)
        found[key] = document
        for each in parsed:
            if each.id in requirements:
                raise RequirementsError(f"{key}.toml: {each.id} is given twice")
            requirements[each.id] = each
    return MappingProxyType(found), MappingProxyType(requirements)


def _document(table: Mapping[str, Any], key: str) -> Document:
    where = f"{key}.toml, document"
    _check_keys(table, _DOCUMENT_NEEDED, _DOCUMENT_ALLOWED, where)
    parts = table.get("parts", {})
    for name, part in parts.items():
        _check_keys(part, _PART, _PART, f"{where}, part {name}")
    _check_texts({name: value for name, value in table.items() if name != "parts"}, where)
    if table["key"] != key:
        raise RequirementsError(f"{where}: its key is {table['key']!r}, its file says {key!r}")
    return Document(**{**table, "parts": {name: Text(**part) for name, part in parts.items()}})


def _requirement(table: Mapping[str, Any], document: Document) -> Requirement:
    where = f"{document.key}.toml, {table.get('id', 'a requirement without an id')}"
    _check_keys(table, _NEEDED, _ALLOWED, where)
    _check_texts(table, where)
    if not _ID.fullmatch(table["id"]) or not table["id"].startswith(f"{document.key}."):
        raise RequirementsError(f"{where}: an id is {document.key}.group.name in lower case, with dashes inside a word")
    for name in ("since", "until"):
        if name in table and not _VERSION.fullmatch(table[name]):
            raise RequirementsError(f"{where}: {name} is a version such as 2.4, not {table[name]!r}")
    if not _RELEASE.fullmatch(table.get("released", "0.0")):
        raise RequirementsError(f"{where}: released is a version such as 0.37.0, not {table['released']!r}")
    if "since" in table and "until" in table and _version(table["since"]) > _version(table["until"]):
        raise RequirementsError(f"{where}: since is later than until")
    level, binds = _member(Level, table["level"], where), _member(Layer, table["binds"], where)
    if document.key == "suite" and level is Level.MUST:
        raise RequirementsError(f"{where}: a rule of our own is SHOULD at most")
    values = dict(table)
    part = values.pop("part", None)
    if part is not None and part not in document.parts:
        raise RequirementsError(f"{where}: the document has no part {part!r}")
    title = document.title if part is None else document.parts[part].title
    numbered = title.startswith("RFC") and table["section"][0].isdigit()
    source = f"{title}, section {table['section']}" if numbered else f"{title}, {table['section']}"
    return Requirement(**{**values, "document": document.key, "level": level, "binds": binds, "source": source})


def _check_keys(table: Mapping[str, Any], needed: Set[str], allowed: Set[str], where: str) -> None:
    for key in sorted(needed - table.keys()):
        raise RequirementsError(f"{where}: {key} is missing")
    for key in sorted(table.keys() - allowed):
        raise RequirementsError(f"{where}: unknown key {key!r}")


def _check_texts(table: Mapping[str, Any], where: str) -> None:
    for key, value in table.items():
        if not isinstance(value, str) or not value.strip():
            raise RequirementsError(f"{where}: {key} must be text that is not empty")


def _member(kind: type[E], value: str, where: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise RequirementsError(f"{where}: {value!r} is not one of {', '.join(kind)}") from None


@cache
def _version(text: str) -> tuple[int, ...]:
    if not _VERSION.fullmatch(text):
        raise ValueError(f"not a version of the ASGI WebSocket specification: {text!r}")
    return tuple(int(number) for number in text.split("."))
