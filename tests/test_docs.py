"""The documentation is current, its links lead somewhere, and what it shows of handlers is what a run says of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance import deviations

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FINDINGS = (DOCS / "findings.md").read_text("utf-8")
WAYS = ("route.close-1000", "route.fin", "route.text", "route.binary", "route.not-json", "route.empty")


@dataclass(frozen=True)
class Section:
    """One finding of the page: what the report calls it, and a handler that has it and one that has not."""

    requirement: str
    wrong: str
    right: str

    @property
    def path(self) -> str:
        found = re.search(r'websocket\("([^"]+)"\)', self.wrong)
        assert found is not None
        return found[1]


def sections() -> Iterator[Section]:
    for text in re.split(r"^## \d+\. ", FINDINGS, flags=re.MULTILINE)[1:]:
        requirement = re.search(r"^`([\w.-]+)`", text, re.MULTILINE)
        assert requirement is not None
        wrong, right = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        yield Section(requirement[1], wrong, right)


SECTIONS = list(sections())
Cases = dict[str, list[dict[str, Any]]]


def visited(folder: Path, which: str) -> Cases:
    """The cases of each route of an application made of all wrong, or all right, handlers of the page."""
    head = re.search(r"^```python\n(.*?)^```$", FINDINGS, re.MULTILINE | re.DOTALL)
    assert head is not None
    folder.joinpath("app.py").write_text("\n\n".join([head[1], *(getattr(section, which) for section in SECTIONS)]))
    options = ["--target=app:app", "--report=report.json", "-q", "-p", "no:cacheprovider"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    command = [sys.executable, "-m", "pytest", *options, *(f"--case={way}" for way in WAYS)]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == (which == "wrong"), ran.stdout + ran.stderr
    cases: Cases = {}
    for case in json.loads(folder.joinpath("report.json").read_text("utf-8"))["cases"]:
        cases.setdefault(case["tags"]["route"], []).append(case)
    return cases


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return visited(tmp_path_factory.mktemp("wrong"), "wrong")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return visited(tmp_path_factory.mktemp("right"), "right")


def test_there_are_ten_findings_each_with_a_requirement_of_its_own() -> None:
    assert len(SECTIONS) == len({section.requirement for section in SECTIONS}) == 10


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.path[1:])
def test_the_wrong_handler_has_the_finding_that_the_page_names_and_no_other(section: Section, wrong: Cases) -> None:
    found = {
        finding["requirement"]
        for case in wrong[section.path]
        for finding in case["findings"]
        if finding["verdict"] in ("fail", "warn") and finding["layer"] == "application"
    }
    # A handler that does not take care of what it is sent has that finding beside its own.
    assert found - {"suite.handler.input-tolerated"} == {section.requirement} - {"suite.handler.input-tolerated"}
    assert section.requirement in found


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.path[1:])
def test_the_right_handler_has_none(section: Section, right: Cases) -> None:
    verdicts = {case["verdict"] for case in right[section.path]}
    assert verdicts <= ({"skip"} if section.path == "/private" else {"pass", "note", "known"}), right[section.path]


def test_pages_are_current_links_lead_somewhere_and_the_index_names_them_all() -> None:
    ran = subprocess.run([sys.executable, DOCS / "build.py", "--check"], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_a_link_that_leads_nowhere_is_told() -> None:
    """The check above can fail."""
    command = "import build; print(build._problem(build._page('docs/index.md', 'index.html'), 'no.md', {}))"
    ran = subprocess.run([sys.executable, "-c", command], cwd=DOCS, capture_output=True, text=True, timeout=120)
    assert ran.stdout.strip() == "there is no such file", ran.stderr


def test_the_site_has_a_page_for_each(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, DOCS / "build.py", tmp_path], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert {path.stem for path in DOCS.glob("*.md")} <= {path.stem for path in tmp_path.glob("*.html")}


@pytest.mark.parametrize("page", ["adding-a-server", "adding-a-framework"])
def test_files_that_a_guide_names_exist(page: str) -> None:
    text = DOCS.joinpath(f"{page}.md").read_text("utf-8")
    named = set(re.findall(r"`([\w/.-]+\.(?:py|toml|md))`", text))
    assert len(named) > 5
    for name in (name for name in named if "NAME" not in name):
        assert any((base / name).is_file() for base in (ROOT, ROOT / "conformance" / "asgi_conformance")), name


def test_the_page_of_servers_names_the_releases_that_were_tried() -> None:
    rows = re.findall(r"^\| `(\w+)`[^|]*\| ([\d.]+) \|", (DOCS / "servers.md").read_text("utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == {"uvicorn", "hypercorn", "daphne", "granian"}
    assert all(deviations.newest_known()[name] == tried for name, tried in rows)
