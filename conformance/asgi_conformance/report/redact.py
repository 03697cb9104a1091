"""Takes credentials out of a report before anything is written.

Redacted are the values of sensitive names (headers, cookies, query parameters, keys of objects, assignments inside
text), the userinfo of URLs, and every value that the caller knows to be secret, wherever it stands.
"""

from __future__ import annotations

import base64
import json
import marshal
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from asgi_conformance.credentials import NAME, WORDS, is_sensitive
from asgi_conformance.model import Layer, Level, Verdict

MARK = "[redacted]"
# What the suite's own advice writes where the user is to write a credential.
_BLANK = re.compile(r"[\"']?(?:\w+ )?(?:…|VALUE)[\"']?\Z")

# In a text whose case is folded: to search without regard to case takes ten times as long.
_HINT = re.compile(rf"://|@|{WORDS}|key")

_USERINFO = re.compile(r"([a-z][a-z0-9+.-]*://)[^/?#\s@\"'<>]+@", re.IGNORECASE)
_QUOTE = r"(?:b?'(?:[^'\\\r\n]|\\.)*'|b?\"(?:[^\"\\\r\n]|\\.)*\")"
# One value as it is, or one or more as Python writes them, in a list or not.
_HEADER_LINE = re.compile(
    r"((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*)"
    rf"(?:\[?{_QUOTE}(?:\s*,\s*{_QUOTE})*\]?|(?:b?[\"'])?[^\s\"'<>][^\r\n\"'<>]*)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    rf"(?<![\w.-])({NAME})(\s?=\s?)(b?\"[^\"]*\"|b?'[^']*'|[^\s&;,\"'<>()\[\]{{}}]+)", re.IGNORECASE
)
_QUOTED = re.compile(
    rf"(b?(?:\"(?:{NAME})\"|'(?:{NAME})'))(\s*[:,]\s*)(b?\"(?:[^\"\\]|\\.)*\"|b?'(?:[^'\\]|\\.)*'|[\w.+/=-]+)",
    re.IGNORECASE,
)

#: The report's own words in fields of its own: a secret "pass" must not turn a verdict into a mark.
_VOCABULARY = frozenset({"verdict", "layer", "level", "binds", "kind", "$"})
_WORDS_OF_OURS = frozenset(
    {
        *map(str, Verdict),
        *map(str, Layer),
        *map(str, Level),
        "partial",
        "probe",
        "route",
        "surface",
        "bytes",
        "text",
        "object",
    }
)
_REPEATED = ("findings", "trace")
_SHORT = 4
_OURS, _HIDE, _READ = range(3)


def redact(report: Any, secrets: Collection[str] = ()) -> Any:
    """A copy of a report without credentials; the input is left as it is.

    ``secrets`` are replaced anywhere in any text, also percent-encoded, base64 or as the bytes of a message; those
    of fewer than four characters only where they are the whole of a value.
    """
    redactor = _Redactor({secret for secret in secrets if secret})
    if isinstance(report, Mapping) and isinstance(report.get("cases"), list):
        clean = redactor.value({name: part for name, part in report.items() if name != "cases"})
        cases = [redactor.case(case) for case in report["cases"]]
        clean = {name: cases if name == "cases" else clean[name] for name in report}
    else:
        clean = redactor.value(report)
    if isinstance(report, Mapping) and isinstance(report.get("requirements"), Mapping):
        # Its keys are ids of ours, which no rule about names may hide.
        clean["requirements"] = {redactor.text(n): redactor.value(r) for n, r in report["requirements"].items()}
    return clean


@cache
def _fields() -> frozenset[str]:
    """The names of the report's own fields, which no secret may change: all that its schema requires."""
    found: set[str] = set()
    open_parts: list[Any] = [json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, dict):
            found.update(part.get("required", ()))
            open_parts.extend(part.values())
        elif isinstance(part, list):
            open_parts.extend(part)
    return frozenset(found)


class _Redactor:
    def __init__(self, secrets: Collection[str]) -> None:
        self._short = frozenset(secret for secret in secrets if len(secret) < _SHORT)
        spellings = {spelling for secret in secrets if len(secret) >= _SHORT for spelling in _spellings(secret)}
        ordered = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._secrets = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None
        self._texts: dict[str, str] = {}
        self._known: dict[bytes, Any] = {}
        self._names: dict[str, bool] = {}
        self._rules: dict[str, tuple[str, int]] = {}

    def case(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """A case, whose findings and observations are mostly the same as those of others: each is read once."""
        clean: dict[str, Any] = self.value({name: part for name, part in case.items() if name not in _REPEATED})
        findings = [dict(self._once(finding)) for finding in case.get("findings", ())]
        trace = [self._observation(entry) for entry in case.get("trace", ())]
        parts = {"findings": findings, "trace": trace}
        return {name: parts[name] if name in _REPEATED else clean[name] for name in case}

    def _observation(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        names = {"boundary": self.text(entry["boundary"]), "kind": self.text(entry["kind"])}
        return {**entry, **names, "data": self._once(entry["data"])}

    def _once(self, value: Any) -> Any:
        try:
            # Of all the ways to tell whether two values are equal, the cheapest; version 2 knows no references.
            key = marshal.dumps(value, 2)
        except ValueError:
            return self.value(value)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.value(value)
        return found

    def value(self, value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return self.text(value)
        if kind is int or kind is float or kind is bool or value is None:
            return value
        if kind is list:
            return self._list(value)
        return self._mapping(value) if isinstance(value, Mapping) else value

    def text(self, text: str) -> str:
        # The same few thousand texts make up a report of millions.
        found = self._texts.get(text)
        if found is None:
            found = self._texts[text] = self._clean(text)
        return found

    def _clean(self, text: str) -> str:
        if text in self._short:
            return MARK
        if self._secrets is not None:
            text = self._secrets.sub(MARK, text)
        if not _HINT.search(text.casefold()):
            return text
        text = _USERINFO.sub(rf"\1{MARK}@", text)
        text = _HEADER_LINE.sub(rf"\1\2{MARK}", text)
        text = _QUOTED.sub(_marked, text)
        return _ASSIGNED.sub(_marked, text)

    def _mapping(self, value: Mapping[str, Any]) -> Any:
        if "$" in value and value["$"] == "bytes" and isinstance(value.get("hex"), str):
            return self._bytes(value)
        clean: dict[str, Any] = {}
        for name, item in value.items():
            rule = self._rules.get(name)
            if rule is None:
                rule = self._rules[name] = self._rule(name)
            shown, action = rule
            if item is None or (action == _OURS and isinstance(item, str) and item in _WORDS_OF_OURS):
                clean[shown] = item
            elif action == _HIDE and not isinstance(item, bool):
                clean[shown] = MARK
            else:
                clean[shown] = self.value(item)
        return clean

    def _rule(self, name: str) -> tuple[str, int]:
        """How a field of this name appears, and what is done with its value."""
        if name in _VOCABULARY:
            return name, _OURS
        if name in _fields():
            return name, _READ
        return self.text(name), _HIDE if self._named(name) else _READ

    def _list(self, value: list[Any]) -> list[Any]:
        if len(value) == 2 and self._named(_as_text(value[0])) and _as_text(value[1]):
            return [value[0], MARK]
        return [self.value(item) for item in value]

    def _bytes(self, value: Mapping[str, Any]) -> Any:
        """The bytes of a message: as text, since that is where a credential can stand."""
        raw = _as_text(value)
        clean = self.text(raw)
        return value if clean == raw else {**value, "hex": clean.encode("latin-1", "replace").hex()}

    def _named(self, name: str) -> bool:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = bool(name) and is_sensitive(name)
        return found


def _marked(match: re.Match[str]) -> str:
    name = match[1].strip("b'\"")
    hidden = is_sensitive(name) and not _BLANK.match(match[3])
    return f"{match[1]}{match[2]}{MARK}" if hidden else match[0]


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and value.get("$") == "bytes" and isinstance(value.get("hex"), str):
        try:
            return bytes.fromhex(value["hex"]).decode("latin-1")
        except ValueError:
            return ""
    return ""


_ENCODINGS: tuple[Callable[[str], str], ...] = (
    lambda secret: quote(secret, safe=""),
    quote,
    quote_plus,
    lambda secret: secret.encode("utf-8", "surrogatepass").decode("latin-1"),
    lambda secret: secret.encode("utf-8", "surrogatepass").hex(),
    lambda secret: base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode().rstrip("="),
    lambda secret: repr(secret)[1:-1],
)


def _spellings(secret: str) -> set[str]:
    found = {secret}
    for encode in _ENCODINGS:
        try:
            found.add(encode(secret))
        except UnicodeError:
            continue
    return found
