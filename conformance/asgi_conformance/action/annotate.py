"""The causes of a report as annotations: each at the line of the code that has to change, where that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .commands import annotation

#: GitHub shows so many errors and so many warnings of a step, and drops the rest.
SHOWN = 10

# ``app.echo (app.py:7)``, or without the name.
_PLACE = re.compile(r"(?:.* \()?(.+):(\d+)\)?", re.DOTALL)
_Message = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the files are that a report names: relative to one of some folders. ``workspace`` bounds what is shown."""

    workspace: Path
    folders: tuple[Path, ...]

    def find(self, file: str) -> str:
        """A file by its path from the root of its repository, '' where it is none of the workspace's own."""
        for folder in self.folders:
            path = (folder / file).resolve()
            if path.is_file() and self.workspace in path.parents and "site-packages" not in path.parts:
                return path.relative_to(self._root(path)).as_posix()
        return ""

    def module(self, target: str) -> str:
        """The file of a target's module, '' where there is none."""
        path = target.partition(":")[0].replace(".", "/")
        return next((found for end in (".py", "/__init__.py") if (found := self.find(path + end))), "")

    def _root(self, path: Path) -> Path:
        # The repository can be checked out below the workspace; a submodule's .git is a file.
        above = [folder for folder in path.parents if folder == self.workspace or self.workspace in folder.parents]
        return next((folder for folder in reversed(above) if (folder / ".git").is_dir()), self.workspace)


def annotate(report: Mapping[str, Any], sources: Sources, strict: str = "") -> list[str]:
    """The annotations of a report as workflow commands, at most ten of a kind.

    ``strict`` is '', ``warn`` or ``known``: what is an error beside failures.
    """
    found = list(_messages(report, sources, strict))
    lines: list[str] = []
    for level in ("error", "warning"):
        # What has a place in the code comes first: the others are in the summary just as well.
        chosen = sorted((message for message in found if message[0] == level), key=lambda message: not message[3])
        shown = chosen if len(chosen) <= SHOWN else chosen[: SHOWN - 1]
        lines += [annotation(level, text, title, file, line) for _, text, title, file, line in shown]
        if len(chosen) > len(shown):
            lines.append(annotation(level, f"{len(chosen) - len(shown)} more: see the summary and the report."))
    return lines


def _messages(report: Mapping[str, Any], sources: Sources, strict: str) -> Iterator[_Message]:
    if report["error"]:
        # An option or an interpreter that does not exist is no fault of the module.
        elsewhere = report["error"]["phase"] in ("selection", "python")
        file = "" if elsewhere else sources.module(report["target"]["name"])
        title = f"{report['target']['name'] or 'The target'} could not be judged"
        yield "error", report["error"]["message"], title, file, 1
    for reason in report["partial_reasons"] if not report["error"] else ():
        yield "error", reason, "Not everything could be judged", "", 0
    for entry in report["baseline"]["stale"]:
        yield "error", str(entry), "Stale entry in the baseline", "", 0
    for entry in report["baseline"].get("expired", ()):
        yield "error", str(entry), "Expired entry in the baseline", "", 0
    levels = {"fail": "error", "error": "error", "warn": "error" if strict else "warning"}
    levels |= {"known": "error"} if strict == "known" else {}
    for cause in report["causes"]:
        if cause["verdict"] in levels:
            first = report["cases"][cause["cases"][0]]
            file, line = _place(cause, first, sources)
            yield levels[cause["verdict"]], _text(cause, first, report), _title(cause), file, line


def _place(cause: Mapping[str, Any], case: Mapping[str, Any], sources: Sources) -> tuple[str, int]:
    named = [cause["component"]]
    # A fault of the application that names nobody is the handler's whose route it was.
    named += [case["tags"].get("handler")] if cause["layer"] == "application" else []
    for text in named:
        match = _PLACE.fullmatch(str(text or ""))
        file = sources.find(match[1]) if match else ""
        if match and file:
            return file, int(match[2])
    return "", 0


def _title(cause: Mapping[str, Any]) -> str:
    if not cause["requirement"]:
        return "Could not be judged"
    return f"{cause['requirement']} ({cause['level']}, {cause['layer']})"


def _text(cause: Mapping[str, Any], case: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    requirement = report["requirements"].get(cause["requirement"], {})
    count = len(cause["cases"])
    parts: Sequence[tuple[str, Any]] = (
        ("", cause["message"] or requirement.get("statement") or case["title"]),
        ("expected: ", cause["expected"]),
        ("observed: ", cause["observed"]),
        ("fault: ", cause["component"]),
        ("mend: ", cause["fix"] or requirement.get("fix")),
        ("cases: ", case["id"] + (f" and {count - 1} more" if count > 1 else "")),
        ("reproduce: ", case["reproduce"]),
    )
    return "\n".join(f"{label}{' '.join(str(text).split())}" for label, text in parts if text)
