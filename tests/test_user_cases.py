"""Cases of the user's own: the guide followed to the letter from an installed wheel, and what is written wrongly."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance import requirements, user_cases
from asgi_conformance.settings import SettingsError, parse

GUIDE = (Path(__file__).parent.parent / "docs" / "writing-a-case.md").read_text("utf-8")
GOOD = '''
from asgi_conformance import case, requirement
A = requirement("a", "MUST", "application", "A is so.", source="here")
@case("one", requires=[A], route="/ws")
def one(client):
    """One."""
    client.opens()
'''


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", GUIDE, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def run(folder: Path, site: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTEST_ADDOPTS": "-p no:cacheprovider", "COLUMNS": "160"}
    command = [sys.executable, "-m", "pytest", *words, "--report=report.json"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    report = folder / "report.json"
    return ran, json.loads(report.read_text("utf-8")) if report.is_file() else {}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the guide says to write, all of its blocks of Python in one run."""
    folder = tmp_path_factory.mktemp("project")
    app, chat, ours = blocks("python")
    folder.joinpath("app.py").write_text(app)
    folder.joinpath("pyproject.toml").write_text(blocks("toml")[0])
    folder.joinpath("conformance_cases").mkdir()
    folder.joinpath("conformance_cases", "chat.py").write_text(chat)
    folder.joinpath("conformance_cases", "ours.py").write_text("from asgi_conformance import case\n\n\n" + ours)
    return folder


def words_of_the_guide() -> list[str]:
    command, *arguments = blocks("sh")[0].split()
    assert command == "pytest"
    return [argument.replace("'", "") for argument in arguments]


def test_the_guide_followed_to_the_letter(project: Path, installed: Path) -> None:
    ran, report = run(project, installed, *words_of_the_guide())
    assert ran.returncode == 0, ran.stdout + ran.stderr
    verdicts = {case["id"]: case["verdict"] for case in report["cases"]}
    chat = ("user.chat.welcome", "user.chat.quit[at-once]", "user.chat.quit[later]")
    assert verdicts == dict.fromkeys((*chat, "user.close.ours[4321-done]"), "pass")
    assert {case["section"] for case in report["cases"]} == {"user"}
    assert report["requirements"]["user.chat.welcome"]["source"] == "docs/protocol.md, Welcome"


def test_a_breach_names_the_requirement_the_handler_and_how_to_mend_it(
    project: Path, installed: Path, tmp_path: Path
) -> None:
    for file in project.rglob("*.*"):
        if file.suffix in (".py", ".toml"):
            copy = tmp_path / file.relative_to(project)
            copy.parent.mkdir(exist_ok=True)
            text = file.read_text()
            if file.name == "app.py":
                text = text.replace('"type": "welcome", "v', '"type": "hello", "v').replace("(4000, ", "(4001, ")
            copy.write_text(text)
    ran, report = run(tmp_path, installed, *words_of_the_guide())
    assert ran.returncode == 1
    assert "FAIL  user.chat.welcome " in ran.stdout
    assert "MUST · docs/protocol.md, Welcome" in ran.stdout
    assert "the JSON value {'type': 'hello', 'version': 1}" in ran.stdout
    assert "Send the welcome right after accept()." in ran.stdout
    assert "application: app.chat (app.py:7)" in ran.stdout
    found = {case["id"]: (case["verdict"], case["layer"]) for case in report["cases"]}
    assert found["user.chat.welcome"] == ("fail", "application")
    assert found["user.close.ours[4321-done]"][0] == "pass"
    # Its requirement is a SHOULD.
    assert found["user.chat.quit[at-once]"] == ("warn", "application")


def test_a_route_that_the_target_does_not_have(project: Path, installed: Path, tmp_path: Path) -> None:
    for name in ("app.py", "pyproject.toml"):
        tmp_path.joinpath(name).write_text(project.joinpath(name).read_text())
    tmp_path.joinpath("conformance_cases").mkdir()
    tmp_path.joinpath("conformance_cases", "one.py").write_text(GOOD.replace("/ws", "/chta"))
    ran, _ = run(tmp_path, installed, *words_of_the_guide())
    assert ran.returncode == 4
    assert 'ERROR: user.one: the target has no WebSocket route /chta; did you mean "/chat"?' in ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def one(client)", "def one(client", r"cases\.py:\d+: "),
        ("from asgi", "import no_such_module\nfrom asgi", r"cases\.py:2: ModuleNotFoundError: No module named"),
        ("[A]", "['asgi.disconect.code']", r'unknown requirement "asgi\.disconect\.code"; did you mean'),
        ("requires=[A]", "requires=['a']", r'unknown requirement "a"; did you mean "user\.a"\?'),
        ("requires=[A]", "requires=[]", r"user\.one: it names no requirement"),
        ('"MUST"', '"MIGHT"', r"cases\.py:3: user\.a: the level 'MIGHT' is not one of MUST, SHOULD, MAY, SILENT"),
        ('"application"', '"app"', r"cases\.py:3: user\.a: it binds 'app', which is not one of "),
        ('"A is so."', '" "', r"cases\.py:3: user\.a: its statement is empty"),
        ('"one"', '"One"', r"cases\.py:4: not a case id: 'One'"),
        ('    """One."""\n', "", r"cases\.py:\d+: one: a case needs a docstring"),
        ("client.opens()", "client.opns()", r"user\.one: AttributeError: 'Client' object has no attribute 'opns'"),
        ("client.opens()", "pass", r"user\.one: its script has no step"),
        ("(client)", "(client, app)", r"user\.one: TypeError: "),
        ("@case", "# @case", r"cases\.py: there is no case in it"),
    ],
)
def test_what_is_written_wrongly_is_told_in_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    file = tmp_path / "cases.py"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(SettingsError, match=message) as raised:
        user_cases.load([str(file)])
    assert "\n" not in str(raised.value)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        tmp_path.joinpath(name).write_text(GOOD.replace('"a"', f'"{name[0]}"'))
    with pytest.raises(SettingsError, match=r"b\.py: the case id user\.one is used twice"):
        user_cases.load([str(tmp_path / "*.py")])


def test_a_pattern_that_matches_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cases: .*/\*\.py matches no file"):
        user_cases.load([str(tmp_path / "*.py")])


def test_the_setting_is_a_list_of_patterns() -> None:
    with pytest.raises(SettingsError, match='"cases" must be'):
        parse({"cases": "one.py"})
    with pytest.raises(SettingsError, match='"cases" must be'):
        parse({"cases": [1]})


def test_what_a_case_writes_down_does_not_stay(tmp_path: Path) -> None:
    file = tmp_path / "cases.py"
    file.write_text(GOOD)
    assert [case.full_id for case in user_cases.load([str(file)])] == ["user.one"]
    assert "user.a" in requirements.load()
    # A second session in the same process starts anew, and the suite's own catalogue has none of it.
    assert [case.full_id for case in user_cases.load([str(file)])] == ["user.one"]
    from asgi_conformance import cases

    assert not [case for case in cases.load() if case.id.startswith("user.")]
    requirements.own().clear()
