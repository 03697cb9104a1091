"""Measures the suite against the floors, side by side in one run: ``python benchmarks/run.py [REPEATS [PART ...]]``.

The parts are ``whole``, ``workers``, ``memory``, ``kosoku`` and ``sweep``; all of them where none is named. Each part's
table replaces the one that stands for it in docs/performance.md. Ratios are what counts; seconds belong to a machine.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import measures
from amount import COUNT

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
CODES = 65536
# The parts of uvicorn under which R is defined: what everybody has, whatever else is installed.
PLAIN = ("asyncio", "h11")
FEW, MANY = 1000, 10_000
# Of what takes minutes.
REPEATS_OF_LONG = 3

Rows = list[Sequence[str]]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as Markdown has it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def interleaved(repeats: int, what: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Each measure in turn, again and again: what disturbs the machine for a while disturbs them all."""
    found: dict[str, list[float]] = {name: [] for name in what}
    for turn in range(repeats):
        for name, measure in what.items():
            found[name].append(measure())
        print(f"  {turn + 1} of {repeats}", *(f"{name}: {seen[-1]:.2f}" for name, seen in found.items()), sep="\n    ")
    return found


def whole(repeats: int) -> str:
    """Whole processes and first verdicts, against R and against pytest itself."""
    names = {
        f"R: {COUNT} exchanges of the bare client, uvicorn on asyncio and h11": lambda: measures.bare(*PLAIN),
        "the same, uvicorn as the suite launches it": measures.bare,
        f"the suite, whole process, {COUNT} cases": lambda: measures.whole(measures.SUITE),
        "the suite, whole process, 1 case": lambda: measures.whole([*measures.SUITE[:-1], "--case=bench.echo[0]"]),
        f"pytest alone, whole process, {COUNT} trivial items": lambda: measures.whole(measures.TRIVIAL),
        "the suite, exec to first verdict": lambda: measures.first_dot(measures.SUITE),
        "pytest alone, exec to first dot": lambda: measures.first_dot(measures.TRIVIAL),
    }
    seconds = interleaved(repeats, names)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    plain, alike, *_, verdict, dot = medians.values()
    rows: Rows = []
    for name, values in seconds.items():
        median = medians[name]
        told = (median, min(values), max(values), median / plain, median / alike)
        rows.append((name, *(f"{value:.2f}" for value in told)))
    note = f"First verdict against pytest's own first dot: **{verdict / dot:.2f}**."
    header = ("measure", "median s", "min", "max", "against R", "against the same")
    return table(header, rows) + f"\n\n{note}"


def workers(repeats: int) -> str:
    """The same cases in two workers of pytest-xdist."""
    pairs = {"one process": measures.SUITE, "-n 2": [*measures.SUITE, "-n", "2"]}
    seconds = interleaved(repeats, {name: lambda c=command: measures.whole(c) for name, command in pairs.items()})
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    rows: Rows = [(name, f"{m:.2f}", f"{m / medians['one process']:.2f}") for name, m in medians.items()]
    return table((f"{COUNT} cases", "median s", "against one process"), rows)


def memory(repeats: int) -> str:
    """CPU and memory of both processes, and how they grow with the number of cases."""
    amounts = (1, FEW, MANY)
    found = {count: measures.used(count) for count in amounts}
    rows: Rows = []
    for count, u in found.items():
        seconds, megabytes = (u.seconds, u.own_cpu, u.server_cpu), (u.own_memory, u.server_memory)
        rows.append((f"{count:,}", *(f"{value:.1f}" for value in seconds), *(f"{value:.0f}" for value in megabytes)))
    few, many = found[FEW], found[MANY]
    own, server = (
        (after - before) * 1024 / (MANY - FEW)
        for before, after in ((few.own_memory, many.own_memory), (few.server_memory, many.server_memory))
    )
    header = ("cases", "wall s", "CPU s, suite", "CPU s, target", "memory at most, suite (MB)", "target (MB)")
    note = f"For each case from {FEW:,} to {MANY:,}: **{own:.1f} KB** in the suite, **{server:.1f} KB** in the target."
    return table(header, rows) + f"\n\n{note}"


def kosoku(repeats: int) -> str:
    """Cases per second beside kosoku, whole processes, against the same server."""
    if measures.KOSOKU is None:
        return "kosoku was not there to be measured (`pip install kosoku`, or its path in `KOSOKU`)."
    counts: dict[int, int] = {}

    def peer(parallelism: int) -> float:
        seconds, counts[parallelism] = measures.kosoku(parallelism)
        return seconds

    names = {
        "kosoku -p 1": lambda: peer(1),
        "kosoku -p 16": lambda: peer(16),
        "the suite": lambda: measures.whole(measures.SUITE),
    }
    seconds = {name: statistics.median(values) for name, values in interleaved(repeats, names).items()}
    cases = dict(zip(names, (counts[1], counts[16], COUNT), strict=True))
    rates = {name: cases[name] / seconds[name] for name in names}
    rows: Rows = [
        (name, str(cases[name]), f"{seconds[name]:.2f}", f"{rate:.0f}", f"{rates['the suite'] / rate:.1f}")
        for name, rate in rates.items()
    ]
    return table(("tool", "cases", "median s, whole process", "cases per second", "the suite against it"), rows)


def sweep(repeats: int) -> str:
    """All close codes from the client as a whole process, each time between two runs of the bare client."""
    rows: Rows = []
    ratios = []
    for turn in range(min(repeats, REPEATS_OF_LONG)):
        before = measures.bare(*PLAIN)
        seconds = measures.whole(measures.SWEEP)
        reference = (before + measures.bare(*PLAIN)) / 2 * CODES / COUNT
        ratios.append(seconds / reference)
        rows.append((str(turn + 1), f"{seconds:.1f}", f"{reference:.1f}", f"{ratios[-1]:.2f}"))
        print("  the sweep", *rows[-1], flush=True)
    note = f"Median: **{statistics.median(ratios):.2f}** of R extrapolated."
    return table(("run", f"{CODES:,} codes, s", "R extrapolated, s", "against R"), rows) + f"\n\n{note}"


PARTS: dict[str, Callable[[int], str]] = {
    "whole": whole, "workers": workers, "memory": memory, "kosoku": kosoku, "sweep": sweep
}  # fmt: skip


def conditions(repeats: int) -> str:
    """With what, and when, in a sentence."""
    parts = "uvloop and httptools" if find_spec("uvloop") and find_spec("httptools") else "asyncio and h11"
    names = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "starlette", "websockets", "pytest"))
    python, cores = platform.python_version(), os.cpu_count()
    return f"Measured {date.today()}: repeats {repeats}, Python {python}, {cores} cores, {names}, {parts}."


def into_page(name: str, found: str) -> None:
    """Put what was measured where it stands in the page."""
    page = PAGE.read_text("utf-8")
    begin, end = f"<!-- measured: {name} -->", "<!-- end -->"
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    assert pattern.search(page), f"{PAGE} has no place for {name}"
    PAGE.write_text(pattern.sub(lambda _: f"{begin}\n\n{found}\n\n{end}", page), "utf-8")


def main() -> None:
    """Measure, and put the tables where they stand in the page."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for name in sys.argv[2:] or PARTS:
        print(name, flush=True)
        found = f"{PARTS[name](repeats)}\n\n{conditions(repeats)}"
        print(found, flush=True)
        into_page(name, found)


if __name__ == "__main__":
    main()
