"""What the pages show: every block and every command line, with its page and the line on which it begins."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
BESIDE = ["README.md", "CONTRIBUTING.md", "targets/README.md", "targets/broken/README.md", "compatibility/README.md"]
BESIDE += ["benchmarks/README.md", "reports/README.md"]
PAGES = [*(ROOT / name for name in BESIDE), *sorted((ROOT / "docs").glob("*.md"))]
# What stands in front of a command where its output is shown, and where a failure says how to see it again.
PROMPT = re.compile(r"^(?:\$ |  reproduce +)(?=\w)")
PROGRAMS = ("pytest", "asgi-conformance", "python", "tox", "pip", "uvicorn")


@dataclass(frozen=True)
class Snippet:
    """A block of a page. ``language`` is '' for one that is only indented, ``inline`` for code within a sentence."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command line of a page, and the output that is shown below it."""

    page: str
    line: int
    text: str
    output: str = ""

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


@cache
def snippets() -> tuple[Snippet, ...]:
    """Every block of every page, in order, and every piece of code within a sentence."""
    found: list[Snippet] = []
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
            line = token.map[0] + 1 if token.map else 0
            if token.type in ("fence", "code_block"):
                found.append(Snippet(name, line, token.info.strip(), token.content))
            found += [Snippet(name, line, "inline", text) for text in _inline(token)]
    return tuple(found)


def _inline(token: Token) -> Iterator[str]:
    yield from (child.content for child in token.children or () if child.type == "code_inline")


@cache
def commands() -> tuple[Command, ...]:
    """Every command line of every page: of shells, of workflows, in sentences."""
    found: list[Command] = []
    for snippet in snippets():
        found += [Command(snippet.page, snippet.line, text, output) for text, output in _lines(snippet)]
    return tuple(found)


def _lines(snippet: Snippet) -> Iterator[tuple[str, str]]:
    if snippet.language == "inline":
        if re.match(r"(pytest|asgi-conformance|tox|python) \S", snippet.text):
            yield snippet.text, ""
    elif snippet.language == "yaml":
        for text in _strings(yaml.safe_load(snippet.text)):
            yield from ((line, "") for line in text.splitlines() if line.partition(" ")[0] in PROGRAMS and " " in line)
    elif snippet.language in ("", "sh", "text"):
        yield from _of_a_shell(snippet)


def _of_a_shell(snippet: Snippet) -> Iterator[tuple[str, str]]:
    lines = snippet.text.splitlines()
    starts = [n for n, line in enumerate(lines) if PROMPT.match(line)]
    if not starts:  # no prompt: whatever a block for a shell has, and what another one has of known programs
        starts = [n for n, line in enumerate(lines) if snippet.language == "sh" or line.split(" ")[0] in PROGRAMS]
    for start, end in pairwise([*starts, len(lines)]):
        shown = "\n".join(lines[start + 1 : end]) if lines[start].startswith("$ ") else ""
        for part in PROMPT.sub("", lines[start]).split(" && "):
            yield part, shown


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)
