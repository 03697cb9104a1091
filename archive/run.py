"""Runs the suite on both sides of every row, and says which bugs it found: ``python -m archive.run``."""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .environments import BuildError, python_of
from .outcome import Outcome, outcome
from .rows import APPS, Environment, Row, load

ROOT = Path(__file__).parent.parent
FRAMEWORKS = ROOT / "conformance" / "asgi_conformance" / "child" / "frameworks"
# Beside the cases of a row: enough of the rest to show that the good side is free of the finding for no wrong reason.
SAMPLE = ("handshake.accept", "messages.echo*", "close.client.code[4001-bye]")
# Environments that are built, and rows that are run, at once.
AT_ONCE = 2
# Seconds that one run may take before it is given up.
LIMIT = 600
FOLDER = ROOT / ".tox" / "archive-stacks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 if every row was detected, 1 if one was not, 4 for a row that is not known."""
    parser = argparse.ArgumentParser(prog="python -m archive.run", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="ids of rows; all if none is given")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where environments are kept (%(default)s)")
    parser.add_argument("--markdown", type=Path, help="write the results as a table in Markdown")
    given = parser.parse_args(arguments)
    rows = load()
    unknown = sorted(set(given.rows) - {row.id for row in rows})
    if unknown:
        print(f"there is no row {unknown[0]}; there are {', '.join(row.id for row in rows)}", file=sys.stderr)
        return 4
    chosen = [row for row in rows if not given.rows or row.id in given.rows]
    started = time.monotonic()
    console = Console()
    outcomes = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # All of them first: rows share them.
        list(pool.map(lambda environment: _built(environment, given.folder), environments(chosen)))
        for last in pool.map(lambda row: attempted(row, given.folder), chosen):
            outcomes.append(last)
            said = "found" if last.detected else last.why
            console.print(f"{last.row.id}: {said}", highlight=False, markup=False)
    console.print(table(outcomes))
    detected = sum(one.detected for one in outcomes)
    console.print(f"{detected} of {len(outcomes)} found in {time.monotonic() - started:.0f} s")
    if given.markdown:
        given.markdown.write_text(markdown(outcomes), "utf-8")
    return 0 if detected == len(outcomes) else 1


def environments(rows: Iterable[Row]) -> list[Environment]:
    """What the rows are installed into, each once."""
    return list(dict.fromkeys(side for row in rows for side in (row.buggy, row.good)))


def _built(environment: Environment, folder: Path) -> None:
    with contextlib.suppress(BuildError):  # the row says it
        python_of(environment, folder)


def attempted(row: Row, folder: Path) -> Outcome:
    """Build both sides of a row where they are not there, run them and compare."""
    if row.needs and not (FRAMEWORKS / f"{row.needs}.py").is_file():
        return Outcome(row, False, why=f"the suite does not observe {row.needs} yet")
    try:
        buggy, good = (report_of(row, side, folder) for side in (row.buggy, row.good))
    except BuildError as error:
        return Outcome(row, False, why=str(error))
    return outcome(row, buggy, good)


def report_of(row: Row, environment: Environment, folder: Path) -> dict[str, Any]:
    """The suite's own report of one side. Raises `BuildError` where the environment or the run gives none."""
    python = python_of(environment, folder)
    work = folder / "runs" / f"{row.id}-{environment.name}"
    work.mkdir(parents=True, exist_ok=True)
    (work / "pyproject.toml").write_text(f"[tool.asgi-conformance]\n{row.settings}\n", "utf-8")
    report = work / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--report={report}"]
    command += [f"--rootdir={work}", "-c", str(work / "pyproject.toml")]
    command += [f"--target={row.target}", f"--app-dir={APPS}", f"--python={python}", f"--server={row.server}"]
    command += [f"--case={case}" for case in (*row.cases, *SAMPLE)]
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise BuildError(f"the run on {environment.name} did not end within {LIMIT} s") from None
    if not report.is_file():
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise BuildError(f"the run on {environment.name} wrote no report: {lines[-1] if lines else done.returncode}")
    document: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return document


def _pins(row: Row) -> tuple[str, str]:
    """What is different on the two sides."""
    buggy = [pin for pin in row.buggy.pins if pin not in row.good.pins]
    return " ".join(buggy), " ".join(pin for pin in row.good.pins if pin not in row.buggy.pins)


def table(outcomes: Iterable[Outcome]) -> Table:
    """The results for a terminal."""
    out = Table("row", "bug", "has it", "has it not", "found", "by")
    for one in outcomes:
        found = "[green]yes[/]" if one.detected else "[red]no[/]"
        out.add_row(one.row.id, one.row.title, *_pins(one.row), found, (one.by or one.why).replace("[", r"\["))
    return out


def markdown(outcomes: Iterable[Outcome]) -> str:
    """The results as a table in Markdown."""
    lines = ["| row | bug | has it | has it not | found | by |", "|---|---|---|---|---|---|"]
    for one in outcomes:
        by = (one.by or one.why).replace("|", "\\|").replace("\n", " ")
        buggy, good = _pins(one.row)
        cells = (one.row.id, one.row.title, buggy, good, "yes" if one.detected else "**no**", by)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
