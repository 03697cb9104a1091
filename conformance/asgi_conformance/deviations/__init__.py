"""Known deviations: documented departures of released servers and frameworks, as data, one TOML file for each product.

An entry names exactly what is observed: a different breach of the same requirement still fails. ``since`` and
``until`` are versions of the product, both included; without ``until`` the entry holds for later versions too.
``observed`` is the finding's text, in which ``*`` stands for anything; so is ``expected``, where the departure is that
of one operation only.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files


class DeviationsError(ValueError):
    """The shipped deviations contradict their own rules; the message names the entry."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure: of which product and versions, from which requirements, and just what is seen."""

    id: str
    product: str
    requirement: str | tuple[str, ...]
    observed: str
    reason: str
    evidence: str
    ws: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    occurs: str = "always"
    cases: str = "*"
    reference: str = ""
    expected: str = "*"

    def covers(
        self, requirement: str, observed: str, product: str, version: str, ws: str, case: str, expected: str = ""
    ) -> bool:
        """Whether this entry names just that finding."""
        return (
            requirement in ((self.requirement,) if isinstance(self.requirement, str) else self.requirement)
            and product == self.product
            and (not self.ws or ws in self.ws)
            and self.stands_in(version)
            and fnmatchcase(case, self.cases)
            and fnmatchcase(observed, self.observed.replace("[", "[[]"))
            and fnmatchcase(expected, self.expected.replace("[", "[[]"))
        )

    def stands_in(self, version: str) -> bool:
        """Whether that version of the product is among those that depart."""
        key = version_key(version)
        return (not self.since or key >= version_key(self.since)) and (not self.until or key <= version_key(self.until))


@cache
def version_key(version: str) -> tuple[int, ...]:
    """A release as numbers that compare: ``0.54.0`` before ``0.100``; what is not a number ends it."""
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in numbers.group().split(".")) if numbers else ()


@cache
def load() -> tuple[Deviation, ...]:
    """All shipped deviations. Raises `DeviationsError` if the data is broken."""
    out: list[Deviation] = []
    for entry in sorted(files(__package__).iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            tables = tomllib.loads(entry.read_text("utf-8"))
            out += [_deviation(table, tables["product"]) for table in tables.get("deviation", ())]
    ids = [deviation.id for deviation in out]
    if len(ids) != len(set(ids)):
        raise DeviationsError(f"a deviation id is used twice: {sorted({i for i in ids if ids.count(i) > 1})}")
    return tuple(out)


@cache
def newest_known() -> dict[str, str]:
    """The newest version of each product that the suite was tried with; what is newer is only warned about."""
    known: dict[str, str] = {}
    for entry in files(__package__).iterdir():
        if entry.name.endswith(".toml"):
            tables = tomllib.loads(entry.read_text("utf-8"))
            known[tables["product"]] = tables["newest"]
    return known


def _deviation(table: dict[str, object], product: str) -> Deviation:
    try:
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        return Deviation(product=product, **values)  # type: ignore[arg-type]
    except TypeError as exc:
        raise DeviationsError(f"{product}: {table.get('id')}: {exc}") from None


def find(
    requirement: str,
    observed: str,
    product: str,
    version: str,
    ws: str,
    case: str,
    among: Iterable[Deviation],
    expected: str = "",
) -> Deviation | None:
    """The first entry that names just that finding."""
    for deviation in among:
        if deviation.covers(requirement, observed, product, version, ws, case, expected):
            return deviation
    return None
