"""What is published: one import name, all data, metadata that hold, and an installation that works from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from distribution import built

import asgi_conformance

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "conformance" / "asgi_conformance"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
APP = """
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    try:
        await socket.receive_text()
    except WebSocketDisconnect:
        pass
"""


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def metadata(wheel: Path) -> Message:
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(archive.read(name))


def test_the_wheel_installs_one_import_name(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"asgi_conformance"}


def test_the_wheel_holds_every_file_of_the_package(names: set[str]) -> None:
    """Data are files too: a schema or a template that is left behind shows only at the user's."""
    files = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert files - names == set()
    assert {name for name in names if name.startswith("asgi_conformance/")} - files == set()


@pytest.mark.parametrize(
    "pattern",
    [
        r"report/schema\.json",
        r"report/templates/.+\.html\.j2",
        r"requirements/.+\.toml",
        r"deviations/.+\.toml",
        r"child/PROTOCOL\.md",
        r"py\.typed",
    ],
)
def test_the_wheel_holds_its_data(names: set[str], pattern: str) -> None:
    assert any(re.fullmatch("asgi_conformance/" + pattern, name) for name in names)


def test_entry_points(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt"))
    parser = ConfigParser(delimiters=("=",))
    parser.read_string(archive.read(name).decode())
    found = {section: dict(parser[section]) for section in parser.sections()}
    # The plugin is registered once only if the entry point has the module's name: a conftest may load it too.
    assert found == {
        "console_scripts": {"asgi-conformance": "asgi_conformance.cli:main"},
        "pytest11": {"asgi_conformance.plugin": "asgi_conformance.plugin"},
    }


def test_metadata(wheel: Path) -> None:
    found = metadata(wheel)
    assert (found["Name"], found["Version"]) == ("asgi-conformance", asgi_conformance.__version__)
    assert found["Requires-Python"] == ">=3.11"
    assert found["License-Expression"] == "Apache-2.0"
    assert found["Description-Content-Type"] == "text/markdown"
    required = [line for line in found.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {re.split(r"[<>=!~ ;\[]", line)[0] for line in required} == {
        *("pytest", "websockets", "httpx", "uvicorn", "starlette", "rich", "jinja2", "packaging", "tomlkit")
    }
    assert all(">=" in line and "<" not in line for line in required), "lower bounds only: the user's stack decides"
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_what_is_imported_is_declared() -> None:
    """The package's own process: what runs beside the target imports the target's stack; --fuzz has its extra."""
    declared = {re.split(r"[<>=]", line)[0] for line in PROJECT["dependencies"]}
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        if not {"child", "fuzz"} & set(path.relative_to(PACKAGE).parts):
            imported |= set(re.findall(r"^\s*(?:import|from) ([a-z_0-9]+)", path.read_text("utf-8"), re.MULTILINE))
    assert imported & {"fastapi", "jsonschema", "hypothesis", "playwright", "xdist", "wsproto"} == set()
    assert {name for name in ("pytest", "websockets", "rich", "jinja2") if name in imported} <= declared


def test_the_changelog_names_the_version() -> None:
    assert f"## {asgi_conformance.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_sdist_can_build_and_test_itself(tmp_path: Path) -> None:
    with tarfile.open(built("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = "pyproject.toml README.md LICENSE CHANGELOG.md CONTRIBUTING.md conftest.py tox.ini .ci/run docs/index.md"
    assert set(needed.split()) <= names
    assert {"tests/test_packaging.py", "targets/fastapi_app.py", "conformance/asgi_conformance/plugin.py"} <= names
    assert not [name for name in names if name.endswith((".gz", ".pyc", ".html"))]
    if (ROOT / ".git").exists():
        ran = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
        pages = {name for name in ran.stdout.splitlines() if re.fullmatch(r"reports/[\w-]+\.html", name)}
        assert set(ran.stdout.splitlines()) - pages <= names


def test_what_is_published_passes_the_checks_of_the_index(wheel: Path, tmp_path: Path) -> None:
    """The README is the page of the project there: what cannot be rendered is refused when it is uploaded."""
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict", wheel, built("sdist", tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout.count("PASSED")) == (0, 2), ran.stdout + ran.stderr


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout: nothing is tracked here")
def test_nothing_that_is_ignored_is_tracked() -> None:
    """A tracked ``.venv`` would stand where the first command of the README makes a folder."""
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    assert ran.stdout == ""


@pytest.mark.parametrize("command", [["-m", "pytest"], ["-c", "import sys, pytest; sys.exit(pytest.main())"]])
def test_an_installation_works_beside_a_folder_of_the_users_own(
    installed: Path, tmp_path: Path, command: list[str]
) -> None:
    """``python -m pytest`` puts the user's folder first on sys.path: theirs may be called conformance or targets."""
    for folder in ("conformance", "targets", "tests"):
        tmp_path.joinpath(folder).mkdir()
        tmp_path.joinpath(folder, "__init__.py").write_text("raise RuntimeError('not for the suite')\n")
    tmp_path.joinpath("app.py").write_text(APP)
    words = ["--target=app:app", "--case=surface.*", "--case=close.client.empty", "--report=report.json"]
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    ran = subprocess.run(
        [sys.executable, *command, *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "app:app conforms" in ran.stdout
    assert tmp_path.joinpath("report.json").is_file()


def test_the_idle_plugin_costs_next_to_nothing(installed: Path) -> None:
    """Who has it installed imports it at each call of pytest. CPU time is measured: other work does not raise it."""
    lines = "import pytest", "import time", "began = time.process_time()", "import asgi_conformance.plugin"
    command = [sys.executable, "-c", "\n".join([*lines, "print(time.process_time() - began)"])]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    seconds = [
        float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout)
        for _ in range(3)
    ]
    assert min(seconds) < 0.010, seconds
