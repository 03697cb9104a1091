"""Write the published reports: every framework under each of uvicorn's WebSocket implementations, one page a framework.

``tox -e reports`` runs this in an environment of current releases. ``python reports/generate.py [FRAMEWORK …]``
writes some of them again. The timelines of passing cases are left out, so that the folder stays small.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
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
SERVERS = ("uvicorn:websockets-sansio", "uvicorn:websockets", "uvicorn:wsproto")
COUNTS = ("passed", "failed", "warned", "known", "noted", "skipped")
QUIET = ("pass", "note", "skip")


def main(names: Sequence[str]) -> int:
    """Generate the reports of these frameworks, or of all; the exit status is 1 where a run could not be made."""
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        print(f"no such framework: {', '.join(unknown)}; there are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    entries = _known()
    for name in names or TARGETS:
        with tempfile.TemporaryDirectory() as scratch:
            reports = [_run(name, server, Path(scratch, f"{index}.json")) for index, server in enumerate(SERVERS)]
            entries[name] = [_entry(report) for report in reports]
            _merge([Path(scratch, f"{index}.json") for index in range(len(SERVERS))], FOLDER / _file(name))
        print(f"{name}: {', '.join(entry['verdict'] for entry in entries[name])}")
    ordered = {name: entries[name] for name in TARGETS if name in entries}
    SUMMARY.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
    (FOLDER / "README.md").write_text(page(ordered), "utf-8")
    return 0


def _known() -> dict[str, list[dict[str, Any]]]:
    return dict(json.loads(SUMMARY.read_text("utf-8"))) if SUMMARY.exists() else {}


def _file(name: str) -> str:
    return name.lower().replace(" ", "-") + ".html"


def _run(name: str, server: str, path: Path) -> dict[str, Any]:
    """One run; raises SystemExit with the suite's own words where it wrote no report."""
    words = ["-m", "pytest", f"--target={TARGETS[name]}", f"--app-dir={ROOT}", f"--server={server}", f"--report={path}"]
    path.with_name("pyproject.toml").write_text(SETTINGS.get(name, ""), "utf-8")
    command = [sys.executable, *words, "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    if not path.exists():
        raise SystemExit(f"{name} under {server} wrote no report:\n{done.stdout}{done.stderr}")
    # Where it was made is nobody's business.
    text = path.read_text("utf-8").replace(f"--app-dir={ROOT} ", "").replace(str(path), "report.json")
    report: dict[str, Any] = json.loads(text.replace(f"{ROOT}/", "").replace(f"{path.parent}/", ""))
    for case in report["cases"]:
        if case["verdict"] in QUIET and case["trace"]:
            case.update(trace=[], trace_omitted=True)
    path.write_text(json.dumps(report), "utf-8")
    return report


def _merge(paths: Iterable[Path], output: Path) -> None:
    words = ["-m", "asgi_conformance", "merge", *map(str, paths), "-o", str(output)]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _entry(report: Mapping[str, Any]) -> dict[str, Any]:
    """What the index says of one run."""
    server, framework, summary = report["servers"][0], report["target"]["framework"], report["summary"]
    known: dict[str, int] = {}
    for case in report["cases"]:
        for name in {finding["deviation"] for finding in case["findings"] if finding["deviation"]}:
            known[name] = known.get(name, 0) + 1
    return {
        "framework": f"{framework['name']} {framework['version']}".strip() or "none",
        "server": f"{server['name']} {server['version']}",
        "ws": server["ws"],
        "python": report["environment"]["python"],
        "verdict": summary["verdict"],
        **{count: summary[count] for count in COUNTS},
        "deviations": dict(sorted(known.items())),
    }


def page(entries: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The index: what each stack came to, and which known deviation was seen where."""
    lines = [_HEAD, f"| framework | server | verdict | {' | '.join(COUNTS)} |", "|---|---|---|" + "--:|" * len(COUNTS)]
    for name, runs in entries.items():
        for run in runs:
            label = name if run["framework"] == "none" else run["framework"]
            counts = " | ".join(f"{run[count]:,}" for count in COUNTS)
            lines.append(f"| [{label}]({_file(name)}) | {run['server']} ({run['ws']}) | {run['verdict']} | {counts} |")
    lines += ["", _DEVIATIONS, "", *_matrix(entries), "", _TAIL]
    return "\n".join(lines)


def _matrix(entries: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Known deviations down, implementations across; a framework's own with the number of its cases."""
    columns = list(dict.fromkeys(run["ws"] for runs in entries.values() for run in runs))
    seen: dict[str, dict[str, int]] = {}
    for runs in entries.values():
        for run in runs:
            for name, count in run["deviations"].items():
                row = seen.setdefault(name, {})
                row[run["ws"]] = max(row.get(run["ws"], 0), count)
    lines = ["| deviation | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for name in sorted(seen):
        lines.append(f"| `{name}` | " + " | ".join(str(seen[name].get(column, "")) for column in columns) + " |")
    return lines


_HEAD = """# Published reports

What released stacks come to, each with an ordinary application of [targets/](../targets). A page opens from disk;
timelines are kept for all that is not right. This page and the reports are generated.
"""
_DEVIATIONS = """## Known deviations that were seen

Documented departures of released versions (`asgi-conformance explain NAME` says more). A number is how many
cases show it, at most over the frameworks."""
_TAIL = """## How to reproduce

    tox -e reports                          # all of them, in an environment of current releases
    tox -e reports -- falcon                # one framework
    pytest --target=targets.falcon_app:app --server=uvicorn:wsproto --report=report.html

## Contributing a report

1. Released versions only, installed from PyPI without changes, under a released server.
2. An ordinary application in `targets/` that does what the framework's documentation teaches.
3. Add it to `TARGETS` in `reports/generate.py`, run the command above, commit what it wrote, edit no report by hand.
4. A failing case stays failing here. If the release departs from its documents, first show it in ten lines of plain
   code; then add it to `deviations/` with that evidence.
5. The folder stays below 10 MB; a test holds that.
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
