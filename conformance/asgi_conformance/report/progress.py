"""Progress on a terminal: one line that moves, in place of a dot for each case. Nothing of it in CI or a file."""

from __future__ import annotations

import os
import time
from typing import Any

_WIDTH = 24
# Seconds between two pictures: more often than that nobody sees.
_PAUSE = 0.08


def progress(reporter: Any, total: int, last: str = "teardown") -> Progress | None:
    """A progress line for pytest's terminal reporter; None where it would not be seen, or not understood.

    ``last`` is the phase whose report is the last of a case.
    """
    if reporter is None or not total or os.environ.get("CI"):
        return None
    ordinary = type(reporter).__module__ == "_pytest.terminal" and reporter.verbosity == 0
    if not ordinary or not reporter.isatty or os.environ.get("TERM") == "dumb":
        return None
    return Progress(reporter._tw, total, last)


class Progress:
    """The line itself."""

    def __init__(self, writer: Any, total: int, last: str = "teardown") -> None:
        self._writer = writer
        self._total = total
        self._last = last
        self._done = 0
        self._counts = {"failed": 0, "error": 0}
        self._shown = 0.0

    def status(self, report: Any) -> tuple[str, str, str] | None:
        """pytest's category for a report, and no letter: the line says it."""
        category = str(report.outcome)
        if report.when != "call":
            category = {"passed": "", "failed": "error"}.get(category, "skipped")
        elif hasattr(report, "wasxfail"):
            category = "xfailed"
        if category in self._counts:
            self._counts[category] += 1
        if report.when == self._last:
            self._step()
        return category, "", ""

    def _step(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._shown > _PAUSE or self._done == self._total:
            self._shown = now
            self._draw()

    def _draw(self) -> None:
        done = min(_WIDTH, _WIDTH * self._done // self._total)
        bad = "".join(f", {n} {name}" for name, n in self._counts.items() if n)
        bar = ("━" * done + "╺").ljust(_WIDTH)[:_WIDTH]
        text = f"conformance {bar} {self._done}/{self._total}{bad}"
        self._write(text[: self._writer.fullwidth - 1])

    def _write(self, text: str) -> None:
        file = self._writer._file
        try:
            file.write(f"\r\x1b[2K{text}")
        except UnicodeEncodeError:
            file.write("\r\x1b[2K" + text.encode("ascii", "replace").decode())
        file.flush()

    def close(self) -> None:
        """Leave the line as it stands."""
        if self._done:
            self._draw()
