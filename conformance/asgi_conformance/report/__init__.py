"""The report of one run: built once from the results, then written as JSON, HTML, Markdown or a badge."""

from __future__ import annotations

from .document import build
from .files import load, render, write

__all__ = ["build", "load", "render", "write"]
