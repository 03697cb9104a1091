"""What a runner of GitHub Actions takes from a step: workflow commands on standard output, values in files."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..report.foreign import pictured

_MESSAGE, _TITLE = 4_000, 200


def data(text: str) -> str:
    """Text as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """Text as the value of a workflow command's property."""
    return data(text).replace(":", "%3A").replace(",", "%2C")


def annotation(level: str, message: str, title: str = "", file: str = "", line: int = 0) -> str:
    """A workflow command that shows a message, in the pull request at a line of a file.

    ``level`` is ``error``, ``warning`` or ``notice``. ``file`` is relative to the root of the repository; '' for a
    message that belongs to no file. Title and message may be foreign text; they are cut where they are long.
    """
    given = {"file": file, "line": str(line) if file and line > 0 else "", "title": _one_line(title)}
    properties = ",".join(f"{name}={value(text)}" for name, text in given.items() if text)
    lines = "\n".join(pictured(part) for part in _cut(message, _MESSAGE).splitlines())
    return f"::{level}{' ' if properties else ''}{properties}::{data(lines)}"


def say(line: str) -> None:
    """Write a line of our own to the step's log."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def fenced() -> Iterator[None]:
    """While it is entered, the runner takes nothing on standard output for a command."""
    token = secrets.token_hex(20)
    say(f"::stop-commands::{token}")
    try:
        yield
    finally:
        # What was written before may have ended within a line.
        say(f"\n::{token}::")


def put_out(values: Mapping[str, str]) -> None:
    """Set outputs of the step (``GITHUB_OUTPUT``); what a value holds can end neither it nor begin another."""
    with open(os.environ.get("GITHUB_OUTPUT") or os.devnull, "ab") as stream:
        for name, text in values.items():
            mark = secrets.token_hex(20)
            stream.write(f"{name}<<{mark}\n{text}\n{mark}\n".encode("utf-8", "surrogateescape"))


def _one_line(text: str) -> str:
    return _cut(" ".join(pictured(" ".join(text.split())).split()), _TITLE)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
