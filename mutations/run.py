"""Tries the mutants and says how many the suite kills: ``python -m mutations.run``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from .attempt import Outcome, attempt
from .grammar import mutants
from .mutant import LAYERS, Mutant
from .score import document, survivors, table, written

RESULTS = Path(__file__).parent / "results.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 where the score is good enough, 1 where not, 4 for a name that nothing matches."""
    parser = argparse.ArgumentParser(prog="python -m mutations.run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="MUTANT", help="ids or globs; all if none is given")
    parser.add_argument("--layer", choices=LAYERS, help="the mutants of one layer alone")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at once (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results; mutants not tried keep theirs")
    parser.add_argument("--list", action="store_true", help="only print the ids")
    given = parser.parse_args(arguments)
    found = [m for m in mutants() if not given.layer or m.layer == given.layer]
    for name in given.names:
        if not any(fnmatchcase(mutant.id, name) for mutant in found):
            print(f"there is no mutant {name}; --list prints those that there are", file=sys.stderr)
            return 4
    some = [m for m in found if not given.names or any(fnmatchcase(m.id, name) for name in given.names)]
    if given.list:
        print("\n".join(mutant.id for mutant in some))
        return 0
    console, started = Console(), time.monotonic()
    outcomes = tried(some, given.jobs, console)
    console.print(table(outcomes))
    for line in survivors(outcomes):
        console.print(line, highlight=False, markup=False)
    console.print(f"{len(outcomes)} mutants in {time.monotonic() - started:.0f} s")
    if given.json:
        earlier = json.loads(given.json.read_text("utf-8")) if given.json.is_file() else {}
        given.json.write_text(written(document(outcomes, earlier)), "utf-8")
    return 0 if all(outcome.verdict == "killed" for outcome in outcomes) else 1


def tried(some: Iterable[Mutant], jobs: int, console: Console) -> list[Outcome]:
    """Try some mutants, several at once, each worker in a process of its own."""
    chosen = list(some)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool, Progress(console=console) as progress:
        task = progress.add_task("mutants", total=len(chosen))
        outcomes = []
        for outcome in pool.map(attempt, chosen):
            progress.advance(task)
            outcomes.append(outcome)
            if outcome.verdict != "killed":
                progress.console.print(f"{outcome.verdict}: {outcome.mutant}", highlight=False, markup=False)
        return outcomes


if __name__ == "__main__":
    sys.exit(main())
