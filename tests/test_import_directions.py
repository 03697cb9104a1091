"""Imports flow one way (docs/architecture.md): each room may see only what stands here for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import asgi_conformance

ROOT = Path(asgi_conformance.__file__).parent
DATA = {"model", "values", "states", "states_model", "states_transitions", "states_environment", "states_calls"}
DATA |= {"close_codes", "configurations", "requirements", "deviations", "paths", "paths_search", "paths_shipped"}
ALLOWED = {
    "model": set(),
    "values": set(),
    "configurations": set(),
    "requirements": {"model"},
    "close_codes": {"model"},
    "dialects": {"model", "requirements"},
    "states": {"model"},
    "lanes": {"model", "values"},
    "script": {"model", "lanes"},
    "selection": {"model", "settings", "requirements"},
    "credentials": set(),
    "settings": {"credentials"},
    "user_cases": {"model", "requirements", "script", "settings"},
    "catalogue": {"model", "cases", "deployed", "dialects", "settings", "user_cases"},
    "cases": {"script", "dialects", *DATA},
    "deviations": set(),
    # Pure, but for reading the user's file: what is written, the campaign writes.
    "baseline": {"model", "requirements", "selection", "settings"},
    "judge": {*DATA, "dialects"},
    "harness": {"model", "values"},
    # Both are given what runs a case: neither sees the harness.
    "fuzz": {*DATA, "script", "replay"},
    "sweep": {*DATA, "script", "cases"},
    # Beside `run`: a client lane without a process, with cases and a judge of its own.
    "deployed": {*DATA, "harness", "judge", "script", "settings", "loops", "plan", "visits", "__version__"},
    "child": set(),
    "report": {*DATA, "credentials"},
    "action": {"report"},
    # Beside the data: the order of a script's steps, which is pure, and the cases of the target's own routes.
    "replay": {*DATA, "harness", "cases"},
}


def imports_of(path: Path) -> Iterator[str]:
    """The rooms of the package that a module imports, by name."""
    package = ("asgi_conformance", *path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            names = [*base, *(node.module or "").split(".")] if node.module else [*base]
            full = [tuple(names)] if node.module or not node.level else []
            full = full or [(*names, alias.name) for alias in node.names]
            if node.level and node.module is None:
                full = [(*base, alias.name) for alias in node.names]
            for name in full:
                if len(name) > 1 and name[0] == "asgi_conformance":
                    yield name[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("asgi_conformance."):
                    yield alias.name.split(".")[1]


def room(path: Path) -> str:
    """The room that a module belongs to: a folder, or a module of the package itself."""
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else path.stem


def test_each_room_imports_only_what_lies_below_it() -> None:
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        allowed = ALLOWED.get(room(path))
        if allowed is not None:
            wrong += [
                f"{path.relative_to(ROOT)} imports {name}"
                for name in imports_of(path)
                if name not in allowed and name != room(path) and not (room(path) == "states" and name in DATA)
            ]
    assert not wrong


def test_the_child_imports_nothing_but_the_standard_library_at_the_top() -> None:
    import sys

    wrong = []
    for path in sorted((ROOT / "child").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            wrong += [f"{path.name}: {n}" for n in names if n.split(".")[0] not in sys.stdlib_module_names]
    assert not wrong


def test_no_module_is_longer_than_400_lines() -> None:
    long = {p.name: n for p in ROOT.rglob("*.py") if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not long


def test_only_the_plugin_knows_pytest() -> None:
    rooms = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.split(".")[0] in ("pytest", "_pytest") for name in names):
                rooms.add(path.relative_to(ROOT).as_posix())
    assert rooms <= {"plugin.py", "session.py", "items.py"}
