"""One entry of a baseline: which findings it covers, and under which servers and frameworks it counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from ..model import Layer, ServerInfo

#: What a redacted text has in place of a credential; in a pattern it is as wild as ``*``.
MARK = "[redacted]"
PREFIX = "baseline:"


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding that the user accepts: a requirement, the cases, and just what is seen there.

    ``cases`` are ids, ids without their row, or patterns with ``*`` and ``?``; in ``observed`` only ``*`` is wild. An
    empty condition holds always. ``line`` is that of the entry's header in its file, from 1. ``folder``, with its
    last slash, is where paths in an observed text start.
    """

    id: str
    line: int
    cases: tuple[str, ...]
    requirement: str
    observed: str
    reason: str
    reference: str = ""
    expires: date | None = None
    layer: str = ""
    server: str = ""
    server_version: str = ""
    framework: str = ""
    framework_version: str = ""
    occurs: str = "always"
    folder: str = ""

    def accepts(self, requirement: str, observed: str, layer: Layer, case: str) -> bool:
        """Whether this entry names just that finding."""
        return (
            requirement == self.requirement
            and (not self.layer or layer == self.layer)
            and any(names(pattern, case) for pattern in self.cases)
            and _matches(self.observed, observed.replace(self.folder, "") if self.folder else observed)
        )

    def applies(self, server: ServerInfo, versions: Mapping[str, str]) -> bool:
        """Whether the conditions hold for a server and for the products of a target, by name (see `products`)."""
        if self.server and self.server.replace(":", "-") not in (server.id, server.name, f"{server.name}-{server.ws}"):
            return False
        if self.server_version and not _within(server.version, self.server_version):
            return False
        if self.framework and self.framework not in versions:
            return False
        return not self.framework_version or _within(versions[self.framework], self.framework_version)


def products(framework: Mapping[str, Any]) -> dict[str, str]:
    """Versions by product, from what the child says of a target's framework: FastAPI stands above Starlette."""
    above = {str(framework["name"]): str(framework.get("version", ""))} if framework.get("name") else {}
    below = {key: value for key, value in framework.items() if key not in ("name", "version")}
    return {**{key: value for key, value in below.items() if isinstance(value, str)}, **above}


def names(pattern: str, case: str) -> bool:
    """Whether a pattern names a case: exactly, without its row, or as a glob in which only ``*`` and ``?`` are wild."""
    if pattern == case or pattern == case.partition("[")[0]:
        return True
    return any(mark in pattern for mark in "*?") and _glob(pattern, "*?").fullmatch(case) is not None


def named(patterns: Iterable[str], cases: Iterable[str]) -> set[str]:
    """Those of some cases that any of the patterns names."""
    known = list(patterns)
    return {case for case in cases if any(names(pattern, case) for pattern in known)}


def _matches(pattern: str, observed: str) -> bool:
    return pattern == observed or _glob(pattern.replace(MARK, "*"), "*").fullmatch(observed) is not None


@lru_cache(maxsize=4096)
def _glob(pattern: str, wild: str) -> re.Pattern[str]:
    meaning = {"*": ".*", "?": "."}
    return re.compile("".join(meaning[c] if c in wild else re.escape(c) for c in pattern), re.DOTALL)


def _within(version: str, specifier: str) -> bool:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidVersion:
        return False
