"""Reports as files: JSON of one case a line, and every other format by the suffix of the file's name."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
SUFFIXES = (".html", ".json", ".md", ".svg")

#: Characters that the cases take in a .json file: beyond this, passing and skipped ones give up their traces.
CASES_BUDGET = 9_500_000


def dumps(report: Mapping[str, Any]) -> str:
    """The report as JSON text: the head indented, each case on a line of its own, ASCII only.

    Where the cases exceed `CASES_BUDGET`, the last passing and skipped ones leave their traces out until they fit;
    such a case says ``"trace_omitted": true``.
    """
    head = {name: value for name, value in report.items() if name != "cases"}
    text = json.dumps(head, indent=1, allow_nan=False)
    lines = ",\n".join(_lines(report["cases"]))
    return f'{text[:-2]},\n "cases": [\n{lines}\n ]\n}}\n'


def _lines(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [_compact(case) for case in cases]
    size = sum(map(len, lines))
    for position in reversed(range(len(cases))):
        if size <= CASES_BUDGET:
            break
        case = cases[position]
        if case["verdict"] in ("pass", "skip") and case["trace"]:
            bare = _compact({**case, "trace": [], "trace_omitted": True})
            size -= len(lines[position]) - len(bare)
            lines[position] = bare
    return lines


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def load(path: Path) -> dict[str, Any]:
    """A report from its .json file.

    Raises:
        ValueError: the file is no report, or of a schema version that this release does not know.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise ValueError(f"{path} is not JSON: {exc}") from None
    version = report.get("schema_version") if isinstance(report, dict) else None
    if version != SCHEMA_VERSION:
        raise ValueError(f"{path} is no conformance report of schema version {SCHEMA_VERSION} (it says {version!r}).")
    return dict(report)


def render(report: Mapping[str, Any], suffix: str) -> str:
    """The text of a report in the format that a file suffix names.

    Raises:
        ValueError: the suffix names no format.
    """
    # Each format is imported when it is asked for: most runs write none, and templates cost start-up time.
    if suffix == ".json":
        return dumps(report)
    if suffix == ".html":
        from . import html

        return html.render(report)
    if suffix == ".md":
        from . import markdown

        return markdown.render(report)
    if suffix == ".svg":
        from . import badge

        return badge.svg(report)
    raise ValueError(f"A report cannot end in {suffix or 'nothing'!r}: use one of {', '.join(SUFFIXES)}.")


def write(report: Mapping[str, Any], path: Path) -> None:
    """Writes a report in the format that the suffix of ``path`` names; parents are made, the file appears at once.

    Raises:
        ValueError: the suffix names no format.
        OSError: the file cannot be written.
    """
    save(render(report, Path(path).suffix.lower()), Path(path))


def save(text: str, path: Path) -> None:
    """Writes a text as a file that appears at once, or takes the place of the older one; parents are made.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if _appeared(text, path):
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        # mkstemp makes the file private; a report is as readable as any file that the user writes.
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _appeared(text: str, path: Path) -> bool:
    """Write a new file that has no name until it is whole; False where the system or an older file is against it.

    So a process that is killed while it writes leaves nothing behind.
    """
    if path.exists() or not hasattr(os, "O_TMPFILE"):
        return False
    with contextlib.ExitStack() as stack:
        try:
            folder = os.open(path.parent, os.O_RDONLY)
            stack.callback(os.close, folder)
            handle = os.open(path.parent, os.O_WRONLY | os.O_TMPFILE, 0o666)
            stream = stack.enter_context(os.fdopen(handle, "w", encoding="utf-8", newline="\n"))
            stream.write(text)
            stream.flush()
            # With a folder given, the link in /proc is followed and not copied.
            os.link(f"/proc/self/fd/{handle}", path.name, dst_dir_fd=folder)
        except OSError:
            return False
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
