"""Whether other pytest plugins change a verdict: one run without them, one with each of their ways of running tests.

    python compatibility/neighbours.py [MODULE:ATTR]

Exit status 1 where a run differs, or ends otherwise than the first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
OWN = "asgi_conformance.plugin"
# Seconds for one run; on a quiet machine it takes about twenty.
LIMIT = 900
STRICT = """[pytest]
xfail_strict = true
addopts = --strict-markers --strict-config
filterwarnings = error
"""
# pytest-asyncio's mode is a setting of its own, which --strict-config refuses where it is not installed.
MODES = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
WAYS: dict[str, tuple[str, ...]] = {
    "all installed": (),
    "in random order": ("-p", "randomly", "-p", "no:sugar"),
    "two workers": ("-n", "2", "-p", "no:randomly"),
    "with time limits": ("--timeout=120", "-p", "no:randomly"),
    "with reruns": ("--reruns=1", "-p", "no:randomly"),
    "with an HTML page": ("--html=page.html", "--self-contained-html", "-p", "no:randomly"),
    "with allure": ("--alluredir=allure", "-p", "no:randomly"),
    "with coverage": ("--cov=app", "-p", "no:randomly"),
}


def run(folder: Path, target: str, *words: str) -> tuple[int, dict[str, str], str]:
    """One run in a folder: its exit status, the verdicts by case, and what it printed."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    words = (f"--target={target}", f"--app-dir={ROOT}", "--report=report.json", *words)
    command = [sys.executable, "-m", "pytest", *words]
    try:
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return -1, {}, f"no end within {LIMIT} s: {' '.join(command)}\n"
    found = json.loads(report.read_text("utf-8")) if report.is_file() else {"cases": []}
    return ran.returncode, {case["id"]: case["verdict"] for case in found["cases"]}, ran.stdout + ran.stderr


def differences(alone: dict[str, str], beside: dict[str, str]) -> list[str]:
    """The cases that came to another verdict, each with both: ``lost.open[fin]: known alone, fail beside``."""
    ids = sorted(id for id in alone.keys() | beside.keys() if alone.get(id) != beside.get(id))
    return [f"{id}: {alone.get(id, 'not run')} alone, {beside.get(id, 'not run')} beside" for id in ids]


def main() -> int:
    """Compare, and print a table."""
    target = sys.argv[1] if len(sys.argv) > 1 else "targets.fastapi_app:app"
    others = sorted({entry.name for entry in entry_points(group="pytest11")} - {OWN})
    table = Table("run", "exit", "cases", "verdicts that differ", title=f"{target}, beside {', '.join(others)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ini = folder / "pytest.ini"
        ini.write_text(STRICT)
        alone = run(folder, target, *(word for other in others for word in ("-p", f"no:{other}")))
        table.add_row("alone", str(alone[0]), str(len(alone[1])), "")
        if not alone[1]:
            print(alone[2])
        ini.write_text(STRICT + MODES)
        wrong = not alone[1]
        for way, words in WAYS.items():
            status, verdicts, printed = run(folder, target, *words)
            differ = differences(alone[1], verdicts)
            table.add_row(way, str(status) if status >= 0 else "no end", str(len(verdicts)), str(len(differ)))
            if differ or status != alone[0]:
                wrong = True
                print(printed[-2000:], *differ, sep="\n")
    Console().print(table)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
