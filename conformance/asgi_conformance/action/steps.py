"""The steps of the action: each reads its environment, does one thing and returns its exit status."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import inputs, outcome
from .commands import annotation, fenced, put_out, say
from .inputs import InputError

#: What a step may write to steer the runner. The code under test is not given it.
FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
CHECKOUT = Path(__file__).resolve().parents[3]
_USAGE = 4


def install() -> int:
    """Install what the input ``install`` names, then the suite, which changes no version that this chose."""
    try:
        wanted, folder = inputs.words(os.environ, "install"), inputs.folder(os.environ, _workspace())
    except InputError as exc:
        return _failed(str(exc), _USAGE)
    with fenced(), tempfile.TemporaryDirectory() as scratch:
        status = _call([*_PIP, *wanted], folder) if wanted else 0
        what = "what the input asks for"
        if not status:
            what = "asgi-conformance beside it"
            pins = Path(scratch, "constraints.txt")
            pins.write_text("".join(f"{name}=={found}\n" for name, found in _present().items()), "utf-8")
            status = _call([*_PIP, "--constraint", str(pins), str(CHECKOUT)], folder)
    return _failed(f"pip could not install {what}; its last lines in the log say why", status) if status else 0


def run() -> int:
    """Run pytest. Its exit status becomes the output ``status``, and the step itself succeeds."""
    try:
        given = inputs.read(os.environ, _workspace())
    except InputError as exc:
        _failed(str(exc), _USAGE)
        return 0
    # A folder of its own: no report of another run can be taken for this one's.
    folder = Path(tempfile.mkdtemp(prefix="asgi-conformance-", dir=os.environ.get("RUNNER_TEMP") or None))
    put_out({"folder": str(folder)})
    with fenced():
        # As the script pytest does it: the folder of the call is not put on sys.path.
        status = _call([sys.executable, "-P", "-m", "pytest", *given.pytest(folder)], given.folder)
    put_out({"status": str(status)})
    return 0


def report() -> int:
    """Write the job's summary, the annotations and the outputs, whatever became of the steps before."""
    outcome.publish(os.environ, _workspace())
    return 0


STEPS: Mapping[str, Callable[[], int]] = {"install": install, "run": run, "report": report}

_PIP = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check")


def _workspace() -> Path:
    return Path(os.environ.get("GITHUB_WORKSPACE") or os.curdir).resolve()


def _failed(message: str, status: int) -> int:
    say(annotation("error", message, "asgi-conformance"))
    put_out({"problem": message, "status": str(status)})
    return status


def _call(command: Sequence[str], folder: Path) -> int:
    environment = {
        name: text for name, text in os.environ.items() if name not in FILES and not name.startswith(inputs.PREFIX)
    }
    # One stream: of two, the runner might read what was written last after the fence is open again.
    try:
        status = subprocess.call(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
    except KeyboardInterrupt:
        return 130
    return status if status >= 0 else 128 - status


def _present() -> dict[str, str]:
    """What the suite needs and is there already, with its version."""
    importlib.invalidate_caches()
    needed = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = [re.split(r"[^\w.-]", name)[0] for name in needed]
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
