"""What several files of tests start from: the wheel, and an installation of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from distribution import built

# A shell that starts a job in the background has it ignore Ctrl-C, and all that it starts; the runs here are sent some.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return built("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as site-packages would be after the wheel's installation, without its dependencies."""
    folder = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target"]
    subprocess.run([*install, str(folder), str(wheel)], check=True, capture_output=True, timeout=120)
    return folder
