"""Ends from outside: Ctrl-C and a kill leave no process behind, and Ctrl-C leaves a report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from targets_for_plugin import GOOD

from asgi_conformance.report.files import load


def processes(marker: str) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_for(condition: object, seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    marker = uuid.uuid4().hex
    folder.joinpath("good.py").write_text(GOOD)
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--target=good:app", *arguments],
        cwd=folder,
        env={**os.environ, "CONFORMANCE_TEST_MARK": marker, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return process, marker


def test_an_interrupt_writes_a_partial_report_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process, marker = start(tmp_path, "--repeat=40", "--report=r.json", "-v", "--case=close.client.code*")
    assert process.stdout is not None
    seen = ""
    while "PASSED" not in seen:
        seen = process.stdout.readline()
        assert seen, "pytest ended before its first case"
    assert len(processes(marker)) == 2
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert processes(marker) == []
    report = load(tmp_path / "r.json")
    assert report["summary"]["verdict"] == "partial"
    assert report["partial_reasons"][0].startswith("The run was interrupted: ")
    assert "Not everything could be judged" in out
    assert "Task was destroyed" not in out


def test_an_interrupt_while_the_target_starts(tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text("import time\ntime.sleep(60)\n")
    process, marker = start(tmp_path, "--target=hangs:app", "--report=r.json")
    wait_for(lambda: len(processes(marker)) == 2)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert processes(marker) == []
    assert load(tmp_path / "r.json")["summary"]["verdict"] == "partial"


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_killed_pytest_leaves_no_child(tmp_path: Path, workers: tuple[str, ...]) -> None:
    process, marker = start(tmp_path, "--repeat=40", *workers)
    wait_for(lambda: len(processes(marker)) >= (5 if workers else 2))
    time.sleep(0.5)
    process.kill()
    process.wait()
    wait_for(lambda: processes(marker) == [])
    assert process.stdout is not None
    process.stdout.close()
