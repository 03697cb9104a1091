"""Between which callables a boundary lies, how each is named, and that the target's objects stay what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHAPES = Path(__file__).parent / "child_shapes.py"
APP, ROUTER = "starlette.applications.Starlette", "starlette.routing.Router"
FASTAPI, EXCEPTIONS = "fastapi.applications.FastAPI", "starlette.middleware.exceptions.ExceptionMiddleware"
CORS, BASE = "starlette.middleware.cors.CORSMiddleware", "starlette.middleware.base.BaseHTTPMiddleware"
MOUNT, ROUTE = "starlette.routing.Mount", "starlette.routing.WebSocketRoute"
CLOSURE = "closure closing.<locals>.wrapped"

# The callables on the way, from the outside in: between each two lies a boundary.
WAYS: dict[str, list[Any]] = {
    "starlette": [APP],
    "fastapi": [FASTAPI],
    "router": [ROUTER],
    "two": [APP, "Pass", "Other", EXCEPTIONS],
    "two-fastapi": [FASTAPI, "Pass", "Other", EXCEPTIONS],
    "same-twice": [APP, "Pass", "Pass", EXCEPTIONS],
    "own": [APP, CORS, "Pass", EXCEPTIONS],
    "plain": [APP, "Plain", EXCEPTIONS],
    "function": [APP, "closing", "Pass", EXCEPTIONS],
    "base-http": [APP, BASE, EXCEPTIONS],
    "decorated": [FASTAPI, f"{BASE}(decorated.<locals>.add_header)", EXCEPTIONS],
    "wrapped": ["Pass", APP],
    "wrapped-twice": ["Pass", "Other", APP],
    "wrapped-and-stacked": [CORS, APP, "Pass", EXCEPTIONS],
    "closure": [CLOSURE, APP],
    "closures": [CLOSURE, APP],
    "partial": ["partly", APP],
    "bound": ["Holder.serve", APP],
    "lazy": ["Lazy", APP, "Pass", EXCEPTIONS],
    "own-call": ["OwnCall", APP],
    "router-middleware": [ROUTER, "Pass", "Other", ROUTE],
    "mount": [APP],
    "mount-bare": [APP],
    "mount-middleware": [(APP, MOUNT), "Pass", ROUTER],
    "mount-wrapped": [(APP, MOUNT), "Pass", APP, "Other", EXCEPTIONS],
    "mount-stacked": [APP, "Pass", (EXCEPTIONS, APP), "Other", EXCEPTIONS],
    "host": [APP, "Pass", EXCEPTIONS],
    "route-middleware": [(APP, ROUTE), "Pass", "the WebSocket object of the endpoint"],
    "built": [(APP, "starlette.middleware.errors.ServerErrorMiddleware"), "Pass", "Other", EXCEPTIONS],
    # What cannot be told apart is one component.
    "closure-between": [("Pass", f"Pass + {CLOSURE}"), "Other", APP],
    "partial-keyword": [("Pass", "Pass + partly"), APP],
    "bound-between": [("Pass", "Pass + Holder.serve"), APP],
    "own-call-wrapped": [("Pass", "Pass + OwnCall"), APP],
    "router-closure": [ROUTER, ("Pass", f"Pass + {CLOSURE}"), ROUTE],
}


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What was observed of each shape, each called twice, with the probe behind its middleware and inside."""
    done = subprocess.run([sys.executable, str(SHAPES)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def boundaries(way: list[Any]) -> list[list[str | None]]:
    """The boundaries of a way: name, what lies above it, what is called below it."""
    pairs = [entry if isinstance(entry, tuple) else (entry, entry) for entry in way]
    above = [None, *(last for _, last in pairs)]
    return [[f"asgi:{n}" if n else "outer", above[n], first] for n, (first, _) in enumerate(pairs)]


@pytest.mark.parametrize("name", WAYS)
def test_a_boundary_lies_between_every_two_callables(name: str, seen: dict[str, Any]) -> None:
    assert seen[name]["boundaries"] == boundaries(WAYS[name])
    assert seen[name]["inner"] == ["websocket.connect"]
    assert seen[name]["sent"] == ["websocket.accept"]
    assert seen[name]["through"] == sorted(["inner", *(b for b, _, _ in seen[name]["boundaries"])])
    assert seen[name]["problem"] == ""


@pytest.mark.parametrize("name", [*WAYS, *(f"{name}!inside" for name in WAYS)])
def test_the_targets_objects_stay_what_they_are(name: str, seen: dict[str, Any]) -> None:
    assert seen[name]["same_attributes"]
    assert seen[name]["again"], "a second connection was observed otherwise than the first"


@pytest.mark.parametrize("name", [name for name in WAYS if name != "route-middleware"])
def test_inside_the_probe_is_reached_without_any_middleware(name: str, seen: dict[str, Any]) -> None:
    found = seen[f"{name}!inside"]
    assert [boundary for boundary, _, _ in found["boundaries"]] == ["outer"]
    assert found["inner"] == ["websocket.connect"]
    assert found["sent"] == ["websocket.accept"]


def test_what_the_framework_brings_counts_as_framework(seen: dict[str, Any]) -> None:
    assert seen["own"]["layers"] == [None, "framework", "framework", "middleware"]
    assert seen["wrapped"]["layers"] == [None, "middleware"]
    assert seen["own-call"]["layers"] == [None, "middleware"]


def test_a_component_is_named_by_file_and_line(seen: dict[str, Any]) -> None:
    lines = SHAPES.read_text().splitlines()
    openings = {"wrapped": "class Pass:", "closure": "    async def wrapped(", "partial": "async def partly("}
    for name, opening in openings.items():
        component = seen[name]["component"]
        assert component["file"] == str(SHAPES)
        assert lines[component["line"] - 1].startswith(opening)


def test_who_answers_is_the_innermost_that_was_called(seen: dict[str, Any]) -> None:
    below = seen["trusted"]["below"]
    assert below["name"] == "starlette.middleware.trustedhost.TrustedHostMiddleware"
    assert below["settings"] == {"allowed_hosts": ["*.b.example", "a.example"]}
    assert seen["trusted"]["inner"] == []


def test_a_dependency_that_refuses_says_what_it_misses(seen: dict[str, Any]) -> None:
    [refused] = seen["dependency"]["refused"]
    assert refused["missing"] == [["query", "token"]]
    assert seen["dependency!inside"]["inner"] == ["websocket.connect"]
