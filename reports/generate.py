"""Write the published reports: every framework under every server, one page a framework, and the index of all.

``tox -e reports`` runs this in an environment of current releases. ``python reports/generate.py [FRAMEWORK …]``
writes some of them again. ``--runs=FOLDER`` keeps the reports of the single runs there, and does not make again what
it finds there; ``--jobs=N`` makes N runs at a time. The timelines of passing cases are left out, so that the folder
stays small.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "reports"
SUMMARY = FOLDER / "summary.json"
# The ordinary application of each framework: what is judged is the stack below it, and that it is right itself.
TARGETS: Mapping[str, str] = {
    "starlette": "targets.starlette_app:app",
    "fastapi": "targets.fastapi_app:app",
    "litestar": "targets.litestar_app:app",
    "quart": "targets.quart_app:app",
    "channels": "targets.channels_app:app",
    "falcon": "targets.falcon_app:app",
    "blacksheep": "targets.blacksheep_app:app",
    "sanic": "targets.sanic_app:app",
    "bare ASGI": "targets.bare_asgi:app",
}
# What nothing in a target shows: the routes of an application that uses no framework.
SETTINGS: Mapping[str, str] = {"bare ASGI": '[tool.asgi-conformance.route."/echo"]\n'}
# What --server is given, by the name that the tables have for it.
SERVERS: Mapping[str, str] = {
    "uvicorn sansio": "uvicorn:websockets-sansio",
    "uvicorn websockets": "uvicorn:websockets",
    "uvicorn wsproto": "uvicorn:wsproto",
    "hypercorn": "hypercorn",
    "daphne": "daphne",
    "granian": "granian",
}
COUNTS = ("passed", "failed", "warned", "known", "noted", "skipped", "errors")
QUIET = ("pass", "note", "skip")
# What of a verdict is worth a cell of the section table, the worst first.
LOUD = ("fail", "error", "warn", "known")

Entries = Mapping[str, Sequence[Mapping[str, Any]]]


def main(words: Sequence[str]) -> int:
    """Generate the reports of these frameworks, or of all; the exit status is 2 where a name is none."""
    parser = argparse.ArgumentParser(description="Write the published reports.")
    parser.add_argument("frameworks", nargs="*", metavar="FRAMEWORK")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="keep single runs there, and use those that are")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many runs at a time")
    given = parser.parse_args(words)
    unknown = [name for name in given.frameworks if name not in TARGETS]
    if unknown:
        print(f"no such framework: {', '.join(unknown)}; there are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    entries = _known()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(given.jobs) as pool:
        folder = (given.runs or Path(scratch)).resolve()
        pairs = [(name, label) for name in given.frameworks or TARGETS for label in SERVERS]
        runs = dict(zip(pairs, pool.map(lambda pair: _run(pair[0], pair[1], folder), pairs), strict=True))
        for name in given.frameworks or TARGETS:
            entries[name] = [_entry(label, runs[name, label]) for label in SERVERS]
            _merge([path for label in SERVERS if (path := _place(name, label, folder)).exists()], FOLDER / _file(name))
            print(f"{name}: {', '.join(entry['verdict'] for entry in entries[name])}", flush=True)
    ordered = {name: entries[name] for name in TARGETS if name in entries}
    SUMMARY.write_text(_lines(ordered), "utf-8")
    (FOLDER / "README.md").write_text(page(ordered), "utf-8")
    return 0


def _known() -> dict[str, list[dict[str, Any]]]:
    return dict(json.loads(SUMMARY.read_text("utf-8"))) if SUMMARY.exists() else {}


def _lines(entries: Entries) -> str:
    """The summary with one run on a line: what changed shows in a diff."""
    parts = (
        f" {json.dumps(name)}: [\n" + ",\n".join(f"  {json.dumps(run)}" for run in runs) + "\n ]"
        for name, runs in entries.items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _file(name: str) -> str:
    return name.lower().replace(" ", "-") + ".html"


def _place(name: str, label: str, folder: Path) -> Path:
    return folder / f"{_file(name).removesuffix('.html')} {label}.json".replace(" ", "-")


def _run(name: str, label: str, folder: Path) -> dict[str, Any] | str:
    """The report of one run; where there is none, the suite's own words."""
    path = _place(name, label, folder)
    if path.exists():
        return dict(json.loads(path.read_text("utf-8")))
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch, "report.json")
        Path(scratch, "pyproject.toml").write_text(SETTINGS.get(name, ""), "utf-8")
        words = [f"--target={TARGETS[name]}", f"--app-dir={ROOT}", f"--server={SERVERS[label]}", f"--report={written}"]
        command = [sys.executable, "-m", "pytest", *words, "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        if not written.exists():
            return (done.stderr.strip() or done.stdout.strip() or "no report").splitlines()[-1]
        text = written.read_text("utf-8").replace(f"--app-dir={ROOT} ", "").replace(str(written), "report.json")
    for place in _places(scratch):
        text = text.replace(place, "")
    report: dict[str, Any] = json.loads(text)
    for case in report["cases"]:
        if case["verdict"] in QUIET and case["trace"]:
            case.update(trace=[], trace_omitted=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report), "utf-8")
    return report


def _places(scratch: str) -> list[str]:
    """Folders of the machine, whose names are nobody's business: a path begins inside of them."""
    places = [scratch, str(ROOT), *(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib"))]
    return sorted({f"{place}/" for place in (*places, sys.prefix, sys.base_prefix)}, key=len, reverse=True)


def _merge(paths: Iterable[Path], output: Path) -> None:
    words = ["-m", "asgi_conformance", "merge", *map(str, paths), "-o", str(output)]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _entry(label: str, report: Mapping[str, Any] | str) -> dict[str, Any]:
    """What the index says of one run."""
    if isinstance(report, str):
        return {"server": label, "verdict": "none", "why": report}
    server, framework, summary = report["servers"][0], report["target"]["framework"], report["summary"]
    known: dict[str, int] = {}
    sections: dict[str, dict[str, int]] = {}
    for case in report["cases"]:
        counts = sections.setdefault(case["section"], {})
        counts[case["verdict"]] = counts.get(case["verdict"], 0) + 1
        for name in {finding["deviation"] for finding in case["findings"] if finding["deviation"]}:
            known[name] = known.get(name, 0) + 1
    return {
        "server": label,
        "version": f"{server['name']} {server['version']}",
        "framework": f"{framework['name']} {framework['version']}".strip() or "none",
        "python": report["environment"]["python"],
        "verdict": summary["verdict"],
        "why": " ".join(report["partial_reasons"]) or (report["error"] or {}).get("message", ""),
        **{count: summary[count] for count in COUNTS},
        "deviations": dict(sorted(known.items())),
        "sections": {name: sections[name] for name in sorted(sections)},
    }


def page(entries: Entries) -> str:
    """The index: what each stack came to, by section too, and which known deviation was seen where."""
    return "\n".join(
        (
            *(_HEAD, *_stacks(entries), "", *_reasons(entries), _SECTIONS, "", *_sections(entries), ""),
            *(_DEVIATIONS, "", *_deviations(entries), "", _RUNS, "", *_runs(entries), "", _TAIL),
        )
    )


def _table(first: str, rows: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """A table with a column for each server."""
    lines = [f"| {first} | " + " | ".join(SERVERS) + " |", "|---|" + "---|" * len(SERVERS)]
    return lines + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows]


def _title(name: str, runs: Sequence[Mapping[str, Any]]) -> str:
    framework = next((run["framework"] for run in runs if "framework" in run), "none")
    return f"[{name if framework == 'none' else framework}]({_file(name)})"


def _stacks(entries: Entries) -> list[str]:
    return _table(
        "framework", ((_title(name, runs), [_verdict(run) for run in runs]) for name, runs in entries.items())
    )


def _verdict(run: Mapping[str, Any]) -> str:
    """A cell: the verdict, and how many cases are not just right."""
    if run["verdict"] == "none":
        return "does not run"
    counts = [f"{run[count]:,} {count}" for count in ("failed", "errors", "warned", "known") if run[count]]
    return ", ".join((f"**{run['verdict']}**", *counts))


def _reasons(entries: Entries) -> list[str]:
    """Why a stack was not judged, or not all of it."""
    said = [
        f"- {_title(name, runs)} under {run['server']}: {run['why']}"
        for name, runs in entries.items()
        for run in runs
        if run["why"]
    ]
    return ["Not everything could be judged:", "", *said, ""] if said else []


def _sections(entries: Entries) -> list[str]:
    """Sections down, servers across, over all frameworks: what is not just right, of how many that were judged."""
    total: dict[str, dict[str, dict[str, int]]] = {}
    for runs in entries.values():
        for run in runs:
            for section, counts in run.get("sections", {}).items():
                mine = total.setdefault(section, {}).setdefault(run["server"], {})
                for verdict, count in counts.items():
                    mine[verdict] = mine.get(verdict, 0) + count
    rows = ((name, [_section(total[name].get(label, {})) for label in SERVERS]) for name in sorted(total))
    return _table("section", rows)


def _section(counts: Mapping[str, int]) -> str:
    judged = sum(count for verdict, count in counts.items() if verdict != "skip")
    loud = [f"{counts[verdict]:,} {verdict}" for verdict in LOUD if counts.get(verdict)]
    return f"{', '.join(loud) or '✓'} of {judged:,}" if judged else ""


def _deviations(entries: Entries) -> list[str]:
    """Known deviations down, servers across; a framework's own with the number of its cases."""
    seen: dict[str, dict[str, int]] = {}
    for runs in entries.values():
        for run in runs:
            for name, count in run.get("deviations", {}).items():
                row = seen.setdefault(name, {})
                row[run["server"]] = max(row.get(run["server"], 0), count)
    return _table("deviation", ((f"`{name}`", [str(seen[name].get(s, "")) for s in SERVERS]) for name in sorted(seen)))


def _runs(entries: Entries) -> list[str]:
    lines = [f"| framework | server | {' | '.join(COUNTS)} |", "|---|---|" + "--:|" * len(COUNTS)]
    for name, runs in entries.items():
        for run in runs:
            counts = [f"{run[count]:,}" if count in run else "" for count in COUNTS]
            served = f"{run.get('version', run['server'])} ({run['server']})"
            lines.append(f"| {_title(name, runs)} | {served} | {' | '.join(counts)} |")
    return lines


_HEAD = """# Published reports

What released stacks come to, each with an ordinary application of [targets/](../targets). A page opens from disk and
compares the servers section by section and case by case; timelines are kept for all that is not right. This page and
the reports are generated.

**pass** with *known* cases: all that is not right is a known deviation of a released version, which the third
table names (`asgi-conformance explain NAME` gives the evidence).
"""
_SECTIONS = """## By section

The cases of all frameworks together: those that are not just right, of those that were judged."""
_DEVIATIONS = """## Known deviations that were seen

Documented departures of released versions. A number is how many cases show it, at most over the frameworks."""
_RUNS = """## Every run"""
_TAIL = """## How to reproduce

    tox -e reports                          # all of them, in an environment of current releases
    tox -e reports -- falcon                # one framework
    tox -e reports -- --jobs=4 --runs=runs  # four runs at a time; what was run is not run again
    pytest --target=targets.falcon_app:app --server=uvicorn:wsproto --report=report.html

## Contributing a report

1. Released versions only, installed from PyPI without changes, under a released server.
2. An ordinary application in `targets/` that does what the framework's documentation teaches.
3. Add it to `TARGETS` (a server to `SERVERS`) in `reports/generate.py`, run the command above, commit what it wrote,
   edit no report by hand.
4. A test holds that nothing here fails, warns or errs without a name. If the release departs from its documents, first
   show it in ten lines of plain code; then add it to `deviations/` with that evidence.
5. The folder stays below 10 MB; a test holds that.
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
