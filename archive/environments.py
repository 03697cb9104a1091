"""The environments of the archive: built with venv and pip, one for each set of pins, kept for the next time."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from pathlib import Path

from .rows import Environment

# Written last, so that an installation that was broken off is done again.
DONE = "installed"


class BuildError(Exception):
    """An environment cannot be built; the message is one line."""


def interpreter(version: str) -> str:
    """The Python of this version: on the PATH, else pyenv's. Raises `BuildError` where there is none."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    own = sorted(glob.glob(os.path.join(pyenv, "versions", f"{version}.*", "bin", "python")))
    for found in (*reversed(own), shutil.which(f"python{version}")):
        if found and subprocess.run([found, "-c", "import venv"], capture_output=True, check=False).returncode == 0:
            return found
    raise BuildError(f"there is no Python {version} on the PATH or in pyenv; install one: pyenv install {version}")


def python_of(environment: Environment, folder: Path) -> Path:
    """The interpreter of an environment, which is built where it is not there. Raises `BuildError`."""
    where = folder / environment.name
    python = where / "bin" / "python"
    if (where / DONE).exists() and python.exists():
        return python
    shutil.rmtree(where, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    _run([interpreter(environment.python), "-m", "venv", str(where)], f"venv for {environment.name}")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *environment.pins]
    _run(pip, f"pip install {' '.join(environment.pins)}")
    (where / DONE).write_text("\n".join(environment.pins) + "\n", "utf-8")
    return python


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        raise BuildError(f"{what}: took more than ten minutes") from None
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise BuildError(f"{what}: {lines[-1] if lines else f'exit status {done.returncode}'}")
