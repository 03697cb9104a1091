"""Runs the suite on right but unusual targets and counts false alarms: ``python -m mutations.alarms``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from asgi_conformance import cases
from asgi_conformance.model import Case, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import Settings

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "targets" / "unusual"
RESULTS = Path(__file__).parent / "alarms.json"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("[a-z]*.py")))
RIGHT = (Verdict.PASS, Verdict.NOTE, Verdict.KNOWN, Verdict.SKIP)


@dataclass(frozen=True, slots=True)
class Quiet:
    """What the suite said of one right target; ``alarms``: each case that is not as it should be, with why."""

    target: str
    cases: int
    passed: int
    skipped: int
    alarms: tuple[str, ...]


def listened(name: str, probes: Sequence[Case], ways: Sequence[str] = ()) -> Quiet:
    """Run some probe cases, and the ways of each route (all if none is given), against one target."""
    run = Run(Plan(f"targets.unusual.{name}:app", str(ROOT), settings=Settings()))
    try:
        run.ready()
        routes = [case for case in run.route_cases() if not ways or case.id in ways]
        run.visits.expect(routes)
        results = run.results([*probes, *routes])
    finally:
        run.stop()
    found = Counter(result.verdict for result in results)
    alarms = []
    for result in results:
        if result.verdict not in RIGHT:
            why = next((f"{f.requirement}: {f.observed}" for f in result.findings if f.verdict is result.verdict), "")
            alarms.append(f"{result.case.full_id}: {result.verdict}, {result.layer}: {why or result.reason}")
    return Quiet(name, len(results), found[Verdict.PASS], found[Verdict.SKIP], tuple(alarms))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 without a false alarm, 1 with one, 4 for a target that is not there."""
    parser = argparse.ArgumentParser(prog="python -m mutations.alarms", description=__doc__)
    names = f"some of {', '.join(NAMES)}; all if none is given"
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=names)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.targets if name not in NAMES]
    if unknown:
        print(f"there is no target {unknown[0]}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 4
    everything, heard = cases.load(), []
    for name in given.targets or NAMES:
        started = time.monotonic()
        heard.append(listened(name, everything))
        quiet = heard[-1]
        print(f"{name}: {quiet.cases} cases, {len(quiet.alarms)} false alarms, {time.monotonic() - started:.0f} s")
        for alarm in quiet.alarms:
            print(f"  {alarm}")
    alarms = sum(len(quiet.alarms) for quiet in heard)
    print(f"{len(heard)} targets, {sum(quiet.cases for quiet in heard)} cases, {alarms} false alarms")
    if given.json:
        stored = {"alarms": alarms, "cases": sum(q.cases for q in heard), "targets": [asdict(quiet) for quiet in heard]}
        given.json.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
