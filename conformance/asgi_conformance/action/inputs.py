"""The inputs of the action, as they arrive in the environment, and the command lines that they ask for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_Value = TypeVar("_Value")
PREFIX = "CONFORMANCE_"
_STRICT = {"": "", "false": "", "true": "warn", "warn": "warn", "known": "known"}
_YES = {"": False, "false": False, "true": True}
# What upload-artifact refuses in a name.
_ILLEGAL = re.compile(r'["<>|*?:\\/\x00-\x1f\x7f]+')


class InputError(Exception):
    """An input is wrong; the message is one line that says which and what to write instead."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs that say what is run and how, checked. ``folder`` is where pytest is called."""

    target: str
    folder: Path
    app_dir: str = ""
    factory: bool = False
    servers: tuple[str, ...] = ()
    baseline: str = ""
    strict: str = ""
    args: tuple[str, ...] = ()

    def pytest(self, reports: Path) -> list[str]:
        """The arguments of pytest, with the reports in a folder.

        A value never stands alone, so none can be taken for an option.
        """
        words = [f"--target={self.target}"]
        words += [f"--app-dir={self.app_dir}"] if self.app_dir else []
        words += ["--factory"] if self.factory else []
        words += [f"--server={name}" for name in self.servers]
        words += [f"--baseline={self.baseline}"] if self.baseline else []
        words += [f"--conformance-strict={self.strict}"] if self.strict else []
        words += [f"--report={reports / name}" for name in REPORTS.values()]
        return [*words, *self.args]


#: The reports of a run: their files, by the name of the output that holds the path.
REPORTS = {"report": "conformance.html", "json": "conformance.json", "badge": "conformance.svg", "": "conformance.md"}


def read(environ: Mapping[str, str], workspace: Path) -> Inputs:
    """The inputs of a run. Raises `InputError`."""
    target = given(environ, "target")
    if not target:
        raise InputError('the input "target" is missing: write the application as for uvicorn, "module:attribute"')
    return Inputs(
        target=target,
        folder=folder(environ, workspace),
        app_dir=given(environ, "app-dir"),
        factory=_one_of(environ, "factory", _YES),
        servers=tuple(re.split(r"[\s,]+", given(environ, "server")) if given(environ, "server") else ()),
        baseline=given(environ, "baseline"),
        strict=_one_of(environ, "strict", _STRICT),
        args=tuple(words(environ, "args")),
    )


def given(environ: Mapping[str, str], name: str) -> str:
    """An input as it was written, '' where it was not."""
    return environ.get(PREFIX + name.upper().replace("-", "_"), "").strip()


def folder(environ: Mapping[str, str], workspace: Path) -> Path:
    """The folder in which everything is called (``working-directory``). Raises `InputError`."""
    path = workspace / given(environ, "working-directory")
    if not path.is_dir():
        raise InputError(f'working-directory: there is no folder "{given(environ, "working-directory")}"')
    return path


def words(environ: Mapping[str, str], name: str) -> list[str]:
    """An input that is a list of arguments: split as a shell splits words, and given to no shell.

    Raises `InputError`.
    """
    try:
        return shlex.split(given(environ, name))
    except ValueError as exc:
        raise InputError(f'the input "{name}" cannot be split into arguments: {exc}') from None


def artifact(environ: Mapping[str, str]) -> str:
    """The name of the artifact (``report-name``), without what such a name must not hold."""
    return _ILLEGAL.sub("-", given(environ, "report-name")).strip("- ") or "conformance"


def _one_of(environ: Mapping[str, str], name: str, known: Mapping[str, _Value]) -> _Value:
    text = given(environ, name).lower()
    if text not in known:
        choice = ", ".join(word for word in known if word)
        raise InputError(f'the input "{name}" must be one of {choice}, not "{given(environ, name)}"')
    return known[text]
