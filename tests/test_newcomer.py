"""The path of somebody new, with the built wheel, in a folder of their own: each step run as the guides write it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parent.parent / "docs"
START = (DOCS / "getting-started.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a folder, and the wheel installed."""

    folder: Path
    site: Path

    def writes(self, number: int) -> None:
        self.folder.joinpath("myapp.py").write_text(blocks(START, "python")[number])

    def types(self, line: str) -> subprocess.CompletedProcess[str]:
        """Call one line of a guide."""
        command, *words = shlex.split(line)
        assert command == "pytest"
        environment = {**os.environ, "PYTHONPATH": str(self.site), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
        call = [sys.executable, "-m", "pytest", *words]
        return subprocess.run(call, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture
def newcomer(tmp_path: Path, installed: Path) -> Newcomer:
    return Newcomer(tmp_path, installed)


def test_the_first_finding_the_first_baseline_and_its_end(newcomer: Newcomer) -> None:
    look, accept, _ = (block.strip() for block in blocks(START, "sh"))
    newcomer.writes(0)
    first = newcomer.types(look)
    assert first.returncode == 1
    assert blocks(START, "text")[0].strip() in first.stdout

    update = newcomer.types(accept)
    assert update.returncode == 0, update.stdout + update.stderr
    entries = tomllib.loads(newcomer.folder.joinpath("conformance-baseline.toml").read_text("utf-8"))["accept"]
    assert [entry["requirement"] for entry in entries] == ["asgi.application.no-send-after-end"]
    assert "TODO" in entries[0]["reason"]

    kept = f"{look} --baseline=conformance-baseline.toml"
    accepted = newcomer.types(kept)
    assert accepted.returncode == 0, accepted.stdout
    assert "xfailed" in accepted.stdout

    newcomer.writes(1)
    mended = newcomer.types(look)
    assert mended.returncode == 0, mended.stdout
    assert mended.stdout.count(" WARN ") == 1
    assert "suite.handler.input-tolerated" in mended.stdout

    stale = newcomer.types(kept)
    assert stale.returncode == 1
    assert "stale" in stale.stdout


@pytest.mark.slow
def test_everything_with_a_report_as_a_gitlab_job_calls_it(newcomer: Newcomer) -> None:
    """One whole run for the last command of the start and for the job's: they differ in the files that they name."""
    job = yaml.safe_load(blocks((DOCS / "ci.md").read_text("utf-8"), "yaml")[1])["websockets"]
    install, call = job["script"]
    assert install == "pip install -r requirements-test.txt"
    assert call.split()[:2] == blocks(START, "sh")[2].split()[:2]
    newcomer.writes(1)
    ran = newcomer.types(call)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "myapp:app conforms" in ran.stdout
    for name in (*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]):
        assert newcomer.folder.joinpath(name).stat().st_size > 10_000, name


def test_the_workflow_of_the_guide_is_the_one_of_the_action(newcomer: Newcomer) -> None:
    """The action's own steps are run in test_action.py; here: the guide gives it nothing that it does not take."""
    text = blocks((DOCS / "ci.md").read_text("utf-8"), "yaml")[0]
    steps = yaml.safe_load(text)["jobs"]["websockets"]["steps"]
    action = yaml.safe_load((DOCS.parent / "action.yml").read_text("utf-8"))
    assert set(steps[-1]["with"]) <= set(action["inputs"])
    assert text in (DOCS / "github-action.md").read_text("utf-8").replace("WebSocket conformance", "WebSockets")


def test_collecting_another_repository_with_the_wheel_installed(newcomer: Newcomer) -> None:
    """Nothing is collected, nothing is warned of, and nothing of the suite but the idle plugin is imported."""
    newcomer.folder.joinpath("test_own.py").write_text("def test_own(): pass\n")
    newcomer.folder.joinpath("conftest.py").write_text(
        "import sys\n"
        "def pytest_terminal_summary(terminalreporter):\n"
        "    terminalreporter.line('loaded ' + ' '.join(sorted(n for n in sys.modules if n.startswith('asgi_conf'))))\n"
    )
    ran = newcomer.types("pytest --collect-only -q -W error -p asgi_conformance.plugin")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    loaded = re.search(r"^loaded (.*)$", ran.stdout, re.MULTILINE)
    assert loaded is not None
    assert "asgi_conformance.plugin" in loaded[1].split()
    assert not {"asgi_conformance.campaign", "asgi_conformance.run", "asgi_conformance.cases"} & set(loaded[1].split())
    assert "1 test collected" in ran.stdout
    assert "warning" not in ran.stdout
