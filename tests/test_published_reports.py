"""The folder of published reports: small, complete, and its index what its data says."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "reports"
MEGABYTE = 1024 * 1024


def generator() -> ModuleType:
    """The command that writes the folder, as a module."""
    spec = importlib.util.spec_from_file_location("published_reports", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_framework_is_there_and_the_index_is_generated() -> None:
    module = generator()
    entries = json.loads((FOLDER / "summary.json").read_text("utf-8"))
    assert list(entries) == list(module.TARGETS)
    assert (FOLDER / "README.md").read_text("utf-8") == module.page(entries)


@pytest.mark.skipif(not (FOLDER.parent / ".git").exists(), reason="no checkout: a source distribution has no pages")
def test_every_framework_has_a_page() -> None:
    module, entries = generator(), json.loads((FOLDER / "summary.json").read_text("utf-8"))
    assert {path.name for path in FOLDER.glob("*.html")} == {module._file(name) for name in entries}


def test_every_stack_was_judged_under_every_implementation() -> None:
    module = generator()
    for runs in json.loads((FOLDER / "summary.json").read_text("utf-8")).values():
        assert [run["ws"] for run in runs] == [server.partition(":")[2] for server in module.SERVERS]
        assert all(run["passed"] > 100 and run["verdict"] in ("pass", "fail", "partial") for run in runs)


def test_the_folder_is_small_and_names_no_place_of_the_machine_it_was_made_on() -> None:
    files = [path for path in FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10 * MEGABYTE
    texts = {path.name: path.read_text("utf-8") for path in files}
    places = (f"{FOLDER.parent}/", f"{tempfile.gettempdir()}/", f"{Path.home()}/", f"{sys.prefix}/")
    assert not [name for name, text in texts.items() if any(place in text for place in places)]
