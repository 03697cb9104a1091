"""What the pages show is run: each command line, with the output below it, and each block of settings is read."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from deployed_endpoint import serving
from doc_snippets import PAGES, ROOT, Command, Snippet, commands, snippets

from asgi_conformance import baseline, requirements
from asgi_conformance.deviations import Deviation
from asgi_conformance.options import SERVERS
from asgi_conformance.settings import parse

# Words that stand for what a reader puts there.
PLACEHOLDERS = {
    "ID": "lost.open",
    "CASE": "lost.open",
    "NAME": "uvicorn.lost-1005",
    "REQUIREMENT": "asgi.disconnect.code",
    "--server=NAME": "--server=uvicorn",
    "--target=module:attribute": "--target=myapp:app",
    "--python=/path/to/its/environment/bin/python": f"--python={sys.executable}",
}
REPORTS = "before.json after.json main.json this.json old.json new.json sansio.json wsproto.json report.json".split()
# A line that names no case runs everything; here it is held to a few.
FEW = {
    "--exhaustive": "exhaustive.app[defined]",
    "--fuzz": "fuzz.scripts",
    "--url": "url.close",
    "": "close.client.empty",
}
# Its output is that of releases which are not installed here: archive/ and docs/cli.md's table of compare have them.
OF_OTHER_RELEASES = ["asgi-conformance compare starlette-0.35.1.json starlette-1.10.0.json"]
ECHO = """

@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        async for text in socket.iter_text():
            await socket.send_text(text)
    except WebSocketDisconnect:
        pass
"""


def of(page: str, language: str) -> list[str]:
    return [snippet.text for snippet in snippets() if (snippet.page, snippet.language) == (page, language)]


def once(program: str) -> list[Command]:
    """The command lines of a program, each once."""
    found: dict[str, Command] = {}
    for command in commands():
        if command.words[0].split("/")[-1] == program:
            found.setdefault(command.text, command)
    return list(found.values())


def named(snippet: Snippet | Command) -> str:
    return f"{snippet.page}:{snippet.line}"


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTEST_ADDOPTS", "COLUMNS")}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's repository: the application, the settings and the cases of the guide, and reports of earlier runs."""
    folder = tmp_path_factory.mktemp("own")
    page = "docs/writing-a-case.md"
    app, cases, *_ = of(page, "python")
    folder.joinpath("app.py").write_text(app + ECHO)
    for name in ("myapp", "m"):
        folder.joinpath(f"{name}.py").write_text("from app import app as app\n")
    folder.joinpath("pyproject.toml").write_text(of(page, "toml")[0])
    for name in ("conformance_cases", "tests"):
        folder.joinpath(name).mkdir()
    folder.joinpath("conformance_cases", "chat.py").write_text(cases)
    folder.joinpath("tests", "test_own.py").write_text("def test_own(): pass\n")
    for name in ("old", "new"):
        interpreter = folder / name / "bin" / "python"
        interpreter.parent.mkdir(parents=True)
        interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        interpreter.chmod(0o755)
    ran = call(folder, "-m", "pytest", "--target=app:app", "--case=lost.open", "--report=report.json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in (*REPORTS, *OF_OTHER_RELEASES[0].split()[2:]):
        if name != "report.json":
            shutil.copy(folder / "report.json", folder / name)
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beside the bundled targets, with the case of the contributor's page."""
    folder = tmp_path_factory.mktemp("checkout")
    folder.joinpath("pyproject.toml").write_text("")
    folder.joinpath("conftest.py").write_text(of("CONTRIBUTING.md", "python")[0])
    return folder


# Command lines


@pytest.mark.parametrize("command", once("pytest"), ids=named)
def test_a_line_that_calls_pytest(command: Command, own: Path, checkout: Path) -> None:
    words = [PLACEHOLDERS.get(word, word) for word in command.words[1:]]
    if "-n" in words and not any(word.startswith("--target") for word in words):
        pytest.skip("the suite's own tests: these here")
    bundled = any(word.startswith("--target=targets.") for word in words)
    if not any(word.startswith(("--case", "conformance::")) for word in words):
        words.append("--case=" + next(case for option, case in FEW.items() if option in " ".join(words)))
    words = [re.sub(r"^--fuzz=\d+", "--fuzz=20", word) for word in words]
    folder = checkout if bundled else own
    words += [f"--app-dir={ROOT}"] * bundled
    if any(word.startswith("--url=") for word in words):
        with serving() as url:
            ran = call(folder, "-m", "pytest", *(re.sub(r"^--url=.*", f"--url={url}", word) for word in words))
    else:
        ran = call(folder, "-m", "pytest", *words)
    assert ran.returncode == ("targets.broken." in command.text), ran.stdout + ran.stderr
    for name in (word.partition("=")[2] for word in words if word.startswith(("--report=", "--junitxml="))):
        assert folder.joinpath(name).stat().st_size > 100, name


@pytest.mark.parametrize("command", once("asgi-conformance"), ids=named)
def test_a_line_that_calls_the_command_and_what_it_prints(command: Command, own: Path, checkout: Path) -> None:
    words = [PLACEHOLDERS.get(word, word) for word in command.words[1:]]
    if len(words) == 1 and words[0] in ("merge", "compare", "replay", "explain"):
        words.append("--help")  # its name, in a sentence
    folder = checkout if command.page == "CONTRIBUTING.md" else own
    ran = call(folder, "-m", "asgi_conformance", *words)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    for name in (second for first, second in pairwise(words) if first == "-o"):
        assert folder.joinpath(name).stat().st_size > 100, name
    if command.text not in OF_OTHER_RELEASES:
        in_order(command.output, ran.stdout)


def test_the_program_that_a_replay_writes_prints_what_is_shown(own: Path) -> None:
    written, ran = (command for command in commands() if "replay.py" in command.text)
    call(own, "-m", "asgi_conformance", *written.words[1:])
    program = call(own, *ran.words[1:])
    assert program.returncode == 1, program.stderr
    in_order(ran.output, program.stdout)


def in_order(shown: str, printed: str) -> None:
    """Every line that a page shows is printed, in its order; an ellipsis stands for any number of lines."""
    rest = re.sub(r"\d+\.\d+\.\d+", "X", printed)
    for line in shown.splitlines():
        if line.strip() not in ("", "…"):
            wanted = re.sub(r"\d+\.\d+\.\d+", "X", line).rstrip()
            _, found, rest = rest.partition(wanted)
            assert found, f"not printed, or not in this place: {line}"


ENVIRONMENTS = ConfigParser(interpolation=None)
ENVIRONMENTS.read(ROOT / "tox.ini")
# What a test does somewhere else, or what no test can do here: it needs a network, another checkout or hours.
NOT_RUN = re.compile(r"python3 -m venv |(\.venv/bin/)?(pip install |mypy$|ruff check \.$)|uvicorn targets\.")


@pytest.mark.parametrize(
    "command", [c for c in commands() if c.words[0].split("/")[-1] not in ("pytest", "asgi-conformance")], ids=named
)
def test_any_other_line_names_what_exists(command: Command) -> None:
    program, *words = command.words
    if program == "tox":
        names = [name.removeprefix("testenv:") for name in ENVIRONMENTS.sections()]
        factor = re.sub(r"^py3\d+-", "", words[1])
        assert any(factor == re.sub(r"^\{[^}]*\}", "", name) for name in names), words[1]
    elif program == "python" and words[0] == "-m":
        source = ROOT.joinpath(*words[1].split(".")).with_suffix(".py").read_text("utf-8")
        assert all(f'"{word.partition("=")[0]}"' in source for word in words[2:] if word.startswith("-"))
    elif program == "python":
        assert words[0] == "replay.py" or ROOT.joinpath(words[0]).is_file()
    else:
        assert NOT_RUN.match(command.text), f"{command}: say how it is tried, or why it is not"


def test_what_is_installed_has_the_extras_that_are_named() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    shown = {name for page in PAGES for name in re.findall(r"asgi-conformance\[([\w,]+)\]", page.read_text("utf-8"))}
    assert shown
    assert {name for names in shown for name in names.split(",")} <= set(extras)


# Blocks


def test_no_block_is_of_a_language_that_nothing_tries() -> None:
    tried = {"inline", "", "text", "sh", "python", "toml", "yaml", "json"}
    assert {snippet.language for snippet in snippets()} <= tried


@pytest.mark.parametrize("snippet", [s for s in snippets() if s.language == "toml"], ids=named)
def test_toml_is_what_its_reader_accepts(snippet: Snippet) -> None:
    document = tomllib.loads(snippet.text)
    (table,) = document
    if table == "tool":
        (own,) = document["tool"].values()
        assert list(document["tool"]) == ["asgi-conformance"]
        parse(own)
    elif table == "accept":
        assert baseline.parse(snippet.text, snippet.page, tuple(SERVERS))
    elif table == "requirement":
        head = '[document]\nkey = "asgi"\ntitle = "T"\nurl = "https://example.org"\n'
        assert requirements.parse(head + snippet.text, "asgi")
    else:
        assert table == "deviation"
        assert [Deviation(product="uvicorn", **one) for one in document[table]]


@pytest.mark.parametrize("snippet", [s for s in snippets() if s.language == "yaml"], ids=named)
def test_yaml_is_a_workflow(snippet: Snippet, tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed: pip install -e '.[test]'")
    document = yaml.safe_load(snippet.text)
    schema = "github-workflows"
    if isinstance(document, list):  # steps
        document = {"jobs": {"job": {"runs-on": "ubuntu-latest", "steps": document}}}
    if "jobs" in document:
        document = {"on": "push", **{key: value for key, value in document.items() if key not in (True, "on")}}
    else:
        schema = "gitlab-ci"
    file = tmp_path / "file.yml"
    file.write_text(yaml.safe_dump(document))
    ran = call(tmp_path, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(file))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("snippet", [s for s in snippets() if s.language == "json"], ids=named)
def test_json_is_json(snippet: Snippet) -> None:
    json.loads(snippet.text)


@pytest.mark.parametrize("snippet", [s for s in snippets() if s.language == "python"], ids=named)
def test_python_that_is_shown_is_python(snippet: Snippet) -> None:
    ast.parse(snippet.text)
