"""Hundreds of thousands of cases in one server process: does anything grow? ``python benchmarks/soak.py [RUNS]``.

First every case runs once. Of those that do not wait for a deadline, some rows of each case function are then run again
and again (``--repeat``) in one session, on one process of the server. Samples are taken all the while. Exit status 1
where memory, descriptors or tasks of either process grow beyond the bounds below, where a case comes to another
verdict, or where the server's process is not the same all the time. The table goes to docs/performance.md. Linux only.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from measures import ENVIRONMENT, HERE, PYTEST
from run import Rows, conditions, into_page, table

RUNS = 200_000
# Rows of each case function, and seconds above which a case is one that waits.
ROWS, LONG = 4, 2.0
# What may be left of one run of a case, in bytes: a result is kept for each case, not for each of its runs.
BYTES = 100
# Descriptors and tasks that may be open beyond those at the first quarter.
MORE = 4
SESSION = [*PYTEST, "--rootdir=.", "-p", "soak_watch", "--target=soak_app:app", "--conformance-profile=all"]

Line = dict[str, Any]


def session(folder: Path, *more: str, cases: Sequence[str] = ()) -> tuple[list[Line], list[Line]]:
    """The samples of one session, and what each case came to."""
    out, log, chosen = folder / "samples", folder / "target", folder / "cases"
    log.unlink(missing_ok=True)
    environment = {**ENVIRONMENT, "SOAK_OUT": str(out), "SOAK_LOG": str(log)}
    if cases:
        chosen.write_text(json.dumps(cases), "utf-8")
        environment["SOAK_CASES"] = str(chosen)
    done = subprocess.run([*SESSION, *more], cwd=HERE, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1) or not out.is_file():
        sys.exit(done.stdout + done.stderr)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return [line for line in lines if "runs" in line], [line for line in lines if "case" in line]


def several(results: Iterable[Line]) -> list[str]:
    """Some cases of every function, in so many rounds through all functions; in each the longest first."""
    by_function: dict[str, list[Line]] = {}
    for result in results:
        if not result["own_server"] and result["verdicts"] != ["skip"] and result["seconds"] < LONG:
            by_function.setdefault(result["function"], []).append(result)
    rounds: list[list[str]] = [[] for _ in range(ROWS)]
    for rows in by_function.values():
        rows.sort(key=lambda result: -float(result["seconds"]))
        # The longest, then others from all over.
        for place, result in zip(range(ROWS), [rows[0], *rows[1 :: max(1, len(rows) // ROWS)]], strict=False):
            rounds[place].append(str(result["case"]))
    return [case for some in rounds for case in some]


def changed(before: Iterable[Line], after: Iterable[Line]) -> list[str]:
    """The cases that did not come to the same in each of their runs."""
    once = {result["case"]: result["verdicts"] for result in before}
    return [
        f"{result['case']}: {', '.join(result['verdicts'])}, first {', '.join(once[result['case']])}"
        for result in after
        if result["unstable"] or result["verdicts"] != once[result["case"]]
    ]


def at(samples: Sequence[Line], share: float) -> Line:
    """What was open at a share of all runs: medians of the samples about there, and the fewest tasks.

    A sample is taken at any moment, so its tasks are also those of runs that go on. One that is left never goes away.
    """
    total = samples[-1]["runs"]
    near = [sample for sample in samples if abs(sample["runs"] / total - share) <= 0.05] or [samples[-1]]
    found: Line = {"runs": round(total * share)}
    for who in ("suite", "target"):
        seen = {name: [sample[who][name] for sample in near] for name in near[0][who]}
        found[who] = {name: (min if name == "tasks" else statistics.median)(values) for name, values in seen.items()}
    return found


def rows_of(quarters: Iterable[Line]) -> Rows:
    """A row for each share of the runs."""
    return [
        (
            f"{one['runs']:,}",
            *(f"{one[who]['rss'] / 1024:.1f}" for who in ("suite", "target")),
            *(f"{one[who][name]:.0f}" for name in ("descriptors", "tasks") for who in ("suite", "target")),
        )
        for one in quarters
    ]


def grown(first: Line, last: Line) -> tuple[dict[str, float], list[str]]:
    """Bytes of memory for each run, by process, and what has grown beyond its bound."""
    runs, found, wrong = last["runs"] - first["runs"], {}, []
    for who in ("suite", "target"):
        found[who] = (last[who]["rss"] - first[who]["rss"]) * 1024 / runs
        if found[who] > BYTES:
            wrong.append(f"memory of the {who}: {found[who]:.0f} bytes a run")
        for name in ("descriptors", "tasks"):
            if last[who][name] - first[who][name] > MORE:
                wrong.append(f"{name} of the {who}: {first[who][name]:.0f}, then {last[who][name]:.0f}")
    return found, wrong


def main() -> int:
    """Run, print, write the table; exit status 1 where something grows or changes."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, once = session(folder)
        cases = several(once)
        repeat = -(-runs // len(cases))
        print(f"{len(once)} cases; {len(cases)} of them {repeat} times", flush=True)
        started = time.monotonic()
        samples, results = session(folder, f"--repeat={repeat}", cases=cases)
        seconds = time.monotonic() - started
    quarters = [at(samples, share) for share in (0.25, 0.5, 0.75, 1.0)]
    growth, wrong = grown(quarters[0], quarters[-1])
    differing = changed(once, results)
    wrong += [f"verdict: {line}" for line in differing]
    if len({sample["pid"] for sample in samples}) > 1:
        wrong.append("the server's process was started again")
    total = sum(result["times"] for result in results)
    head = ("runs", *(f"{what}, {who}" for what in ("MB", "descriptors", "tasks") for who in ("suite", "target")))
    functions = len({result["function"] for result in results})
    found = (
        f"{table(head, rows_of(quarters))}\n\n{total:,} runs of {len(results)} cases of {functions} functions in "
        f"{seconds:,.0f} s, in one process of the server. From the first quarter on, each run leaves "
        f"**{growth['suite']:.0f} bytes** in the suite and **{growth['target']:.0f} bytes** in the target. Cases that "
        f"came to another verdict in any run: **{len(differing)}**.\n\n{conditions(1)}"
    )
    print(found, *wrong, sep="\n", flush=True)
    if not os.environ.get("SOAK_DRY"):
        into_page("soak", found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
