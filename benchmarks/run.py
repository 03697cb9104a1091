"""Measures the suite against the floors, side by side in one run: ``python benchmarks/run.py [REPEATS [sweep]]``.

With ``sweep``: all 65,536 close codes from the client against R, extrapolated to as many exchanges.

R is the loop alone of the bare sequential ``websockets`` client. Ratios are what counts; seconds belong to a machine.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
SUITE = [*PYTEST, "--rootdir=.", "-p", "bench_cases", "--target=echo_app:app", "--case=bench.echo*"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE), "CI": "true"}
# As uvicorn chooses where nothing is said, for both sides: asyncio and h11 unless uvloop and httptools are installed.
LOOP, HTTP = ("auto", "auto")
# How many exchanges R is measured with, and how many a sweep has.
COUNT, CODES = 2500, 65536


def bare() -> float:
    """Seconds of the bare loop alone, without the start of anything."""
    command = [sys.executable, "bare_client.py", LOOP, HTTP]
    return float(subprocess.run(command, cwd=HERE, env=ENVIRONMENT, check=True, capture_output=True).stdout)


def whole(command: list[str]) -> float:
    """Seconds of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, cwd=HERE, env=ENVIRONMENT, check=True, capture_output=True)
    return time.perf_counter() - started


def first_dot(command: list[str]) -> float:
    """Seconds from exec to the first dot on standard output."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=HERE, env=ENVIRONMENT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    while process.stdout.read(1) not in (b".", b""):
        pass
    seconds = time.perf_counter() - started
    process.communicate()
    return seconds


MEASURES: dict[str, Callable[[], float]] = {
    "R: the bare client's loop alone, 2,500 exchanges": bare,
    "the suite, whole process, 2,500 cases": lambda: whole(SUITE),
    "the suite, whole process, 1 case": lambda: whole([*SUITE[:-1], "--case=bench.echo[0]"]),
    "pytest alone, whole process, 2,500 trivial items": lambda: whole([*PYTEST, "trivial_items.py"]),
    "the suite, exec to first verdict": lambda: first_dot(SUITE),
    "pytest alone, exec to first dot": lambda: first_dot([*PYTEST, "trivial_items.py"]),
}


def sweep(repeats: int) -> None:
    """The sweep as a whole process, each time between two runs of the bare client."""
    command = [*SUITE[:-1], "--case=exhaustive.client*", "--exhaustive"]
    ratios = []
    for _ in range(repeats):
        before = bare()
        seconds = whole(command)
        reference = (before + bare()) / 2 * CODES / COUNT
        ratios.append(seconds / reference)
        print(f"the sweep {seconds:.1f} s, R extrapolated {reference:.1f} s: {ratios[-1]:.2f}", flush=True)
    print(f"the sweep of {CODES} codes against R extrapolated, median of {repeats}: {statistics.median(ratios):.2f}")


def main() -> None:
    """Run all measures in turn, again and again, and print their medians with the ratios."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    if sys.argv[2:] == ["sweep"]:
        sweep(repeats)
        return
    seconds: dict[str, list[float]] = {name: [] for name in MEASURES}
    for _ in range(repeats):
        for name, measure in MEASURES.items():
            seconds[name].append(measure())
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    reference = next(iter(medians.values()))
    parts = "uvloop and httptools" if find_spec("uvloop") and find_spec("httptools") else "asyncio and h11"
    title = f"{repeats} interleaved repeats, Python {platform.python_version()}, {os.cpu_count()} cores, {parts}"
    table = Table("measure", "median s", "min", "max", "against R", title=title)
    for name, values in seconds.items():
        row = (f"{medians[name]:.2f}", f"{min(values):.2f}", f"{max(values):.2f}", f"{medians[name] / reference:.2f}")
        table.add_row(name, *row)
    Console(width=120).print(table)
    names = list(medians)
    print(f"first verdict against pytest's own first dot: {medians[names[4]] / medians[names[5]]:.2f}")


if __name__ == "__main__":
    main()
