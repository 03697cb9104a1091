"""What the documentation shows is real: its commands run, its examples work, its tables are complete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from asgi_conformance import cli, deviations, plugin, requirements
from asgi_conformance.deviations import Deviation
from asgi_conformance.routes import KEYS
from asgi_conformance.settings import Settings, parse

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README, CONTRIBUTING = (PAGES[n].read_text("utf-8") for n in (0, 1))
OPTIONS = (ROOT / "docs" / "options.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, without the indentation that a list gives them."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def section(text: str, title: str) -> str:
    """The text below a heading of the second order."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> list[str]:
    """The code in the first cell of each row of the tables."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call pytest as a user does, in a folder."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTEST_ADDOPTS", "COLUMNS")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def comparable(text: str) -> str:
    """A failure without what differs from one environment to the next: the server's version."""
    return re.sub(r"uvicorn \d[\w.]* \([\w-]+\)", "uvicorn", text).strip()


def set_up() -> tuple[str, str]:
    """The two commands of the README that do all the set-up."""
    first, second = blocks(section(README, "Try it"), "sh")[0].splitlines()
    return first, second


# The commands


def test_the_set_up_installs_an_extra_that_exists_and_ends_with_the_main_job() -> None:
    create, install, main_job = set_up()[0].split(" && ")
    assert create == "python3 -m venv .venv"
    extra = re.fullmatch(r"\.venv/bin/pip install -e '\.\[(\w+)\]'", install)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert extra is not None
    assert extra[1] in extras
    assert main_job.startswith(".venv/bin/pytest --target=")


@pytest.mark.slow
def test_the_main_job_is_green_and_writes_the_html_report(tmp_path: Path) -> None:
    words = set_up()[0].split(" && ")[2].split()[1:]
    report = tmp_path / "report.html"
    words = [f"--report={report}" if word == "--report=report.html" else word for word in words]
    assert f"--report={report}" in words
    ran = run(ROOT, *words)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "targets.fastapi_app:app conforms" in ran.stdout
    assert report.read_text("utf-8").lower().startswith("<!doctype html>")


def test_the_tests_are_run_with_the_same_command_everywhere() -> None:
    assert set_up()[1] == ".venv/bin/pytest -n auto"
    assert re.search(r"^PATH=\S+ pytest -n auto ", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    assert "commands = pytest {posargs:-n auto}" in (ROOT / "tox.ini").read_text("utf-8")


def test_commands_name_options_and_targets_that_exist() -> None:
    of_others = set("--deselect --lf --ff --sw --maxfail --collect-only --durations --runxfail --junitxml".split())
    of_others |= set("--json --level --binds --matrix --no-save --check --path --folder --markdown --matrix".split())
    of_others |= set("--jobs --layer --list".split())
    architecture = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    planned = set(re.findall(r"`(--[\w-]+)`", section(architecture, "Where it stands apart from the plan")))
    assert not planned & set(plugin.OPTIONS), "no longer only planned"
    for page in PAGES:
        text = page.read_text("utf-8")
        named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))
        assert named <= {*plugin.OPTIONS, *of_others, *planned}, page.name
        for target in re.findall(r"--target=(targets\.[\w.]+):", text):
            assert ROOT.joinpath(*target.split(".")).with_suffix(".py").is_file(), target


def test_the_command_line_has_the_commands_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    for page in PAGES:
        for name in set(re.findall(r"(?:`|^)asgi-conformance ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)):
            with pytest.raises(SystemExit) as ended:
                cli.main([name, "--help"])
            assert ended.value.code == 0, capsys.readouterr().err


@pytest.mark.parametrize("id", re.findall(r"`asgi-conformance explain '?([^`']+)'?`", README))
def test_what_the_readme_explains_exists(id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", id]) == 0
    assert ("No case" in capsys.readouterr().out) == (id in requirements.load())


# The tables


def test_the_readme_has_every_option() -> None:
    assert [re.split("[=[]", name)[0] for name in first_column(section(README, "Options"))] == list(plugin.OPTIONS)


def test_the_readme_has_every_setting_and_its_default() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", section(README, "Settings"), re.MULTILINE)
    # Off is the empty string inside, and false for who writes it.
    off = {"strict": False}
    expected = {f.name.replace("_", "-"): off.get(f.name, getattr(Settings(), f.name)) for f in fields(Settings)}
    del expected["routes-concurrency"]  # it is written as routes.concurrency
    found = tomllib.loads("\n".join(f"{key} = {value}" for key, value in rows))
    assert list(found) == list(expected)
    assert found == {key: list(value) if isinstance(value, tuple) else value for key, value in expected.items()}
    route = next(line for line in README.splitlines() if line.startswith("| `route` |"))
    assert re.findall(r"`([^`]+)`", route.rpartition("|")[0].rpartition("|")[2]) == list(KEYS)


def test_the_readme_has_every_known_deviation_and_whose_it_is() -> None:
    text = section(README, "Known deviations of uvicorn")
    found = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", text, re.MULTILINE)
    known = [d for d in deviations.load() if d.product == "uvicorn"]
    assert sorted(found) == sorted((d.id, ", ".join(d.ws) or "all") for d in known)


@pytest.mark.parametrize("text", [*blocks(README, "toml"), *blocks(OPTIONS, "toml")])
def test_settings_that_are_shown_are_accepted(text: str) -> None:
    parse(tomllib.loads(text)["tool"]["asgi-conformance"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        assert re.match(r"https?:", path) or (page.parent / path).exists(), link
        if anchor and not path and f'<a id="{anchor}"></a>' not in page.read_text("utf-8"):
            titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


# The failures that are shown


def test_the_first_failure_of_the_readme_is_what_its_example_gives(tmp_path: Path) -> None:
    tmp_path.joinpath("app.py").write_text(blocks(README, "python")[0])
    shown = blocks(section(README, "How to read a failure"), "text")[0]
    ran = run(tmp_path, "--target=app:app", "--case=route.close-1000", "--case=route.binary")
    assert ran.returncode == 1
    assert comparable(shown) in comparable(ran.stdout)


def test_the_example_is_green_with_the_change_that_the_readme_tells(tmp_path: Path) -> None:
    text = blocks(README, "python")[0]
    assert text.count("await socket.close()") == 1
    tmp_path.joinpath("app.py").write_text(text.replace("await socket.close()", "pass"))
    ran = run(tmp_path, "--target=app:app", "--case=route.*")
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count(" WARN ") == 1
    assert "KeyError: 'text'" in ran.stdout


def test_the_failure_of_a_middleware_is_what_the_broken_target_gives() -> None:
    shown = blocks(section(README, "Layers"), "text")[1]
    words = re.search(r"reproduce +pytest (\S+) --case='(.+)'", shown)
    assert words is not None
    ran = run(ROOT, words[1], f"--case={words[2]}")
    assert ran.returncode == 1
    assert comparable(shown) in comparable(ran.stdout)


# Contributing


def test_the_case_of_contributing_works_and_is_shown_to_fail(tmp_path: Path) -> None:
    tmp_path.joinpath("conftest.py").write_text(blocks(CONTRIBUTING, "python")[0])
    commands = [line.split()[1:] for line in blocks(section(CONTRIBUTING, "Write a case"), "sh")[0].splitlines()]
    outcomes = []
    for target, case in commands:
        ran = run(tmp_path, target, case.replace("'", ""), f"--app-dir={ROOT}")
        outcomes.append(re.search(r"=+ (.+) in [\d.]+s.* =+$", ran.stdout.strip().splitlines()[-1]))
    assert [found and found[1] for found in outcomes] == ["2 passed", "2 failed"]


def test_the_requirement_of_contributing_is_accepted() -> None:
    document = '[document]\nkey = "asgi"\ntitle = "T"\nurl = "https://example.org"\n'
    example = blocks(section(CONTRIBUTING, "Add a requirement"), "toml")[0]
    _, found = requirements.parse(document + example, "asgi")
    assert len(found) == 1


def test_the_deviation_of_contributing_is_accepted_and_complete() -> None:
    table = tomllib.loads(blocks(section(CONTRIBUTING, "Add a known deviation"), "toml")[0])["deviation"][0]
    Deviation(product="uvicorn", **table)
    assert {f.name for f in fields(Deviation)} - {"product", "occurs"} == set(table)


def test_the_folders_that_contributing_names_exist() -> None:
    for name in first_column(section(CONTRIBUTING, "What lives where")):
        pattern = name.replace("…/", "conformance/asgi_conformance/")
        assert list(ROOT.glob(pattern.rstrip("/"))), name


def test_the_modules_that_the_architecture_names_exist() -> None:
    package = ROOT / "conformance" / "asgi_conformance"
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for name in re.findall(r"`([\w/]+\.(?:py|md))`", text):
        assert any((base / name).is_file() for base in (ROOT, package)), name


def test_the_architecture_names_every_room() -> None:
    package = ROOT / "conformance" / "asgi_conformance"
    rooms = {path.stem for path in package.iterdir() if not path.name.startswith("__") and path.suffix in ("", ".py")}
    text = section((ROOT / "docs" / "architecture.md").read_text("utf-8"), "Rooms")
    named = {*re.findall(r"\w+", text), *(room for room in rooms if room.startswith(("states", "paths")))}
    assert "states* · paths*" in text
    assert rooms <= named
