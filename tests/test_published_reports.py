"""The folder of published reports: small, complete, and its index what its data says."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import sys
import tempfile
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from asgi_conformance import deviations

FOLDER = Path(__file__).resolve().parent.parent / "reports"
MEGABYTE = 1024 * 1024
INERT = re.compile(r'<script type="application/x-conformance"[^>]*>([^<]*)</script>')


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


def test_every_stack_was_judged_under_every_server_or_says_why_not() -> None:
    module = generator()
    for runs in json.loads((FOLDER / "summary.json").read_text("utf-8")).values():
        assert [run["server"] for run in runs] == list(module.SERVERS)
        for run in runs:
            assert run["verdict"] == "pass" or run["why"], run
            assert run["verdict"] != "pass" or run["passed"] > 100, run


def test_what_is_not_right_is_a_known_deviation() -> None:
    shipped = {deviation.id for deviation in deviations.load()}
    for name, runs in json.loads((FOLDER / "summary.json").read_text("utf-8")).items():
        for run in runs:
            counts = {count: run.get(count, 0) for count in ("failed", "warned", "errors")}
            assert not any(counts.values()), (name, run["server"], counts)
            assert set(run.get("deviations", ())) <= shipped


def test_the_folder_is_small_and_names_no_place_of_the_machine_it_was_made_on() -> None:
    files = [path for path in FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10 * MEGABYTE
    places = (f"{FOLDER.parent}/", f"{tempfile.gettempdir()}/", f"{Path.home()}/", f"{sys.prefix}/")
    for path in files:
        text = path.read_text("utf-8")
        packed = [zlib.decompress(base64.b64decode(blob)).decode("ascii") for blob in INERT.findall(text)]
        assert bool(packed) is (path.suffix == ".html")
        # Where Python is installed nobody can know beforehand; but no path begins at a home or an environment.
        found = [place for place in (*places, "/site-packages/") if any(place in part for part in (text, *packed))]
        assert not found, (path.name, found)
