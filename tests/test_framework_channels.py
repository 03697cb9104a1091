"""Django Channels: its routes are found, the probe stands behind what guards them, and faulty handlers are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from asgi_conformance.child.frameworks.pattern_example import example_of, url_of
from asgi_conformance.model import Layer, Result, Verdict
from asgi_conformance.run import Plan, Run

ROOT = Path(__file__).resolve().parent.parent

FAULTY = """
import json
from targets.channels_app import Echo, URLRouter, ProtocolTypeRouter, path, re_path
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.security.websocket import OriginValidator

class Careless(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=str(json.loads(text_data)))

class Wrapper:
    def __init__(self, app):
        self.app = app
    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

nested = URLRouter([path("<slug:a>/careless", Careless.as_asgi()), path("<uuid:id>", Echo.as_asgi())])
routes = [re_path("^in/", Wrapper(nested)), path("echo", Echo.as_asgi())]
app = ProtocolTypeRouter({"websocket": Wrapper(URLRouter(routes))})
guarded = ProtocolTypeRouter({"websocket": OriginValidator(URLRouter([]), ["https://a.example"])})
"""


@pytest.mark.parametrize(
    ("pattern", "url", "params"),
    [
        (r"^ws/(?P<room>\w+)/$", "ws/{room}/", {"room": "x"}),
        (r"^(?P<year>[0-9]{4})/(?P<kind>a|b)$", "{year}/{kind}", {"year": "1111", "kind": "a"}),
        (r"^plain/?$", "plain", {}),
    ],
)
def test_a_simple_regular_expression_has_an_example(pattern: str, url: str, params: dict[str, str]) -> None:
    assert url_of(pattern) == (url, params)


def test_what_has_no_example_is_told() -> None:
    assert example_of(r"[^/]+") == "x"
    assert example_of(r"(?=a)b") is None
    assert url_of("(") is None


def opened(folder: Path, target: str) -> Run:
    (folder / "channels_faulty.py").write_text(FAULTY)
    run = Run(Plan(f"channels_faulty:{target}", str(folder)))
    run.ready()
    return run


def test_routes_behind_routers_and_wrappers_are_found_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    run = opened(tmp_path, "app")
    try:
        assert run.refused == ""
        assert [component.name for component in run.middleware] == ["channels_faulty.Wrapper"]
        chosen = [case for case in run.route_cases() if case.row.startswith("/in/{a}") and "json" in case.id]
        assert {route["path"] for route in run.routes} == {"/in/{a}/careless", "/in/{id}", "/echo"}
        results: list[Result] = run.results(chosen)
        bad = [result for result in results if result.verdict is Verdict.WARN]
        assert bad
        assert {result.layer for result in bad} == {Layer.APPLICATION}
        assert "channels_faulty.Careless" in str(bad[0].attempts[-1].findings)
    finally:
        run.stop()


def test_an_origin_that_is_refused_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    run = opened(tmp_path, "guarded")
    try:
        assert "the Origin header is not among those allowed" in run.refused
        assert 'origin = "https://a.example"' in run.refused
    finally:
        run.stop()
