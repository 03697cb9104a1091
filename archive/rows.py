"""The rows of the archive as data: which bug, in which releases, and what the suite must find."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
APPS = HERE / "apps"
# What rows.toml and servers.toml hold: of frameworks and of servers.
FILES = ("rows.toml", "servers.toml")
_PIN = re.compile(r"[a-z0-9-]+(?:==\d+(?:\.\d+)+(?:\.post\d+)?|<\d+(?:\.\d+)*)")
_NEEDED = {"id", "title", "reference", "python", "both", "buggy", "good", "target", "cases", "found"}
_ALLOWED = _NEEDED | {"introduced", "needs", "server", "settings"}


class RowsError(ValueError):
    """The rows break their own rules; the message names the row."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What one side of a row is installed into: a version of Python, and pins."""

    python: str
    pins: tuple[str, ...]

    @property
    def name(self) -> str:
        """A folder's name: the same for the same environment."""
        words = [pin.replace("==", "-").replace("<", "-below-") for pin in self.pins]
        return "-".join([f"py{self.python}", *words])


@dataclass(frozen=True, slots=True)
class Sign:
    """What a finding must be to count as the bug: patterns as in a shell for case and requirement; ``on``: the side on
    which it stands, ``buggy`` or, where the bug keeps a route from being reached, ``good``."""

    case: str = "*"
    requirement: str = "*"
    layer: str = ""
    verdicts: tuple[str, ...] = ("fail", "warn", "note")
    on: str = "buggy"

    def fits(self, case: Mapping[str, Any], finding: Mapping[str, Any]) -> bool:
        """Whether a finding of a report's case is such a sign."""
        return (
            fnmatchcase(case["id"], self.case)
            and fnmatchcase(finding["requirement"], self.requirement)
            and self.layer in ("", finding["layer"])
            and finding["verdict"] in self.verdicts
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One bug. ``good`` mended it or, where ``introduced``, did not have it yet. ``settings``: the suite's, as TOML.

    ``server``: what the target runs under, as ``--server`` names it; ``needs``: a framework that has to be observed.
    """

    id: str
    title: str
    reference: str
    buggy: Environment
    good: Environment
    target: str
    cases: tuple[str, ...]
    found: tuple[Sign, ...]
    introduced: bool = False
    needs: str = "starlette"
    server: str = "uvicorn"
    settings: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A bug that is known and not looked for, and why."""

    id: str
    title: str
    reference: str
    why: str


def left_out() -> tuple[LeftOut, ...]:
    """The bugs that are not looked for."""
    return tuple(LeftOut(**table) for name in FILES for table in _tables(name).get("left-out", ()))


def _tables(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text("utf-8"))


def load(text: str = "") -> tuple[Row, ...]:
    """All rows. Raises `RowsError` for whatever is wrong with one."""
    documents = [tomllib.loads(text)] if text else [_tables(name) for name in FILES]
    rows = tuple(_row(table) for document in documents for table in document["row"])
    doubled = {row.id for row in rows if sum(other.id == row.id for other in rows) > 1}
    if doubled:
        raise RowsError(f"given twice: {', '.join(sorted(doubled))}")
    return rows


def _row(table: Mapping[str, Any]) -> Row:
    where = f"row {table.get('id', '?')}"
    wrong = sorted(_NEEDED - table.keys()) or sorted(table.keys() - _ALLOWED)
    if wrong:
        raise RowsError(f"{where}: {wrong[0]} is {'missing' if wrong[0] in _NEEDED else 'not known'}")
    for pin in (*table["both"], *table["buggy"], *table["good"]):
        if not _PIN.fullmatch(pin):
            raise RowsError(f"{where}: {pin!r} is not a pin such as starlette==0.31.1")
    if not re.fullmatch(r"3\.\d+", table["python"]):
        raise RowsError(f"{where}: {table['python']!r} is not a version of Python such as 3.10")
    if table["buggy"] == table["good"]:
        raise RowsError(f"{where}: both sides are the same")
    module, _, attribute = table["target"].partition(":")
    if not attribute or not (APPS / f"{module}.py").is_file():
        raise RowsError(f"{where}: there is no {table['target']} in archive/apps")
    values = {key: value for key, value in table.items() if key not in ("python", "both")}
    for side in ("buggy", "good"):
        values[side] = Environment(table["python"], (*table["both"], *table[side]))
    values["cases"] = tuple(table["cases"])
    values["found"] = tuple(_sign(sign, where) for sign in table["found"])
    return Row(**values)


def _sign(table: Mapping[str, Any], where: str) -> Sign:
    values: dict[str, Any] = {key: tuple(value) if key == "verdicts" else value for key, value in table.items()}
    try:
        return Sign(**values)
    except TypeError as error:
        raise RowsError(f"{where}: {error}") from None
