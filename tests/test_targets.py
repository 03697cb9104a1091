"""Every right target is green, and what stands before it is told apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance import cases as catalogue
from asgi_conformance.model import Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import parse

ROOT = Path(__file__).resolve().parent.parent
WANTED = ("close.client.code[4001-bye]", "close.client.code[1000-bye]")
CASES = [c for c in catalogue.load() if c.full_id in WANTED or c.id.startswith(("surface.", "messages.app.text"))][:40]

RIGHT: Mapping[str, Mapping[str, Any]] = {
    "starlette_app:app": {},
    "fastapi_app:app": {},
    "blacksheep_app:app": {},
    "channels_app:app": {},
    "minimal_fastapi:app": {},
    "factory:create_app": {},
    "nested_attr:site.app": {},
    "closure:app": {},
    "lazy:app": {},
    "mounted:app": {"probe-prefix": "/api"},
    "wrapped_cors:app": {},
    "base_http:app": {},
    "trusted_host:app": {"headers": {"Host": "example.org"}},
    "https_redirect:app": {"scheme": "https"},
    "falcon_app:app": {},
    "litestar_app:app": {},
    "auth_middleware:app": {"headers": {"Authorization": "Bearer VALUE"}},
    "quart_app:app": {},
    "sanic_app:app": {},
}


def verdicts(target: str, settings: Mapping[str, Any]) -> tuple[str, set[Verdict]]:
    """Why the probe was not reached ('' where it was), and the verdicts of some cases."""
    run = Run(Plan(f"targets.{target}", str(ROOT), settings=parse(settings)))
    try:
        run.ready()
        return run.refused, {result.verdict for result in run.results(CASES)}
    finally:
        run.stop()


@pytest.mark.parametrize("target", RIGHT)
def test_a_right_target_is_green(target: str) -> None:
    refused, found = verdicts(target, RIGHT[target])
    assert refused == ""
    assert found <= {Verdict.PASS, Verdict.NOTE, Verdict.KNOWN, Verdict.SKIP}
    assert Verdict.PASS in found


@pytest.mark.parametrize(
    ("target", "who", "line"),
    [
        ("trusted_host:app", "TrustedHostMiddleware", 'headers = { Host = "example.org" }'),
        ("https_redirect:app", "HTTPSRedirectMiddleware", 'scheme = "https"'),
        ("auth_middleware:app", "targets/auth_middleware.py:21", 'headers = { Authorization = "Bearer VALUE" }'),
    ],
)
def test_middleware_that_answers_is_named_with_the_lines_to_add(target: str, who: str, line: str) -> None:
    refused, found = verdicts(target, {})
    assert found - {Verdict.PASS} == {Verdict.SKIP}  # surface cases need no connection
    assert who in refused
    assert refused.splitlines()[1:3] == ["    [tool.asgi-conformance]", f"    {line}"]
    assert refused.endswith('    probe = "inside"')
    assert verdicts(target, {"probe": "inside"})[0] == ""


def test_a_target_without_a_framework_gets_one_clear_message() -> None:
    refused, found = verdicts("bare_asgi:app", {})
    assert refused.startswith("The target uses no framework that is known (Starlette, FastAPI, Litestar, Quart, ")
    assert refused.splitlines()[1:] == ['    [tool.asgi-conformance.route."/path"]']
    assert Verdict.PASS in found  # the server is judged by the bare probe
    assert found <= {Verdict.PASS, Verdict.NOTE, Verdict.SKIP}


def test_a_target_without_a_framework_is_whole_with_its_routes_named() -> None:
    refused, found = verdicts("bare_asgi:app", {"route": {"/echo": {}}})
    assert refused == ""
    assert Verdict.PASS in found
