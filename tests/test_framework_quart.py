"""Quart: what of it is found, where the probe is put, and how its handlers are judged."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from quart import Blueprint, Quart, websocket
from quart.views import View

from asgi_conformance.child.frameworks import quart as subject
from asgi_conformance.model import Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import parse


async def plain() -> None:
    await websocket.receive()


class Panel(View):
    async def dispatch_request(self, **values: Any) -> None:
        await websocket.receive()


def application(**options: Any) -> Quart:
    app = Quart(__name__, **options)
    app.add_websocket("/plain", view_func=plain)
    app.add_websocket("/typed/<int:n>/<float:f>/<uuid:u>/<path:p>/<any(b, a):k>/<string(length=3):s>", view_func=plain)
    app.add_websocket("/panel", view_func=Panel.as_view("panel"))
    app.add_url_rule("/page", "page", plain)
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    inner.add_websocket("/deep", view_func=plain)
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    return app


def routes(target: Any) -> dict[str, dict[str, Any]]:
    return {route["path"]: route for route in subject.discover(target)}


def test_every_kind_of_route_is_found_and_no_page() -> None:
    found = routes(application())
    typed = next(path for path in found if path.startswith("/typed"))
    assert set(found) == {"/plain", typed, "/panel", "/outer/inner/deep"}
    assert found[typed]["url"] == "/typed/{n}/{f}/{u}/{p}/{k}/{s}"
    assert found[typed]["params"] == {"n": "1", "f": "1.5", "u": "{uuid}", "p": "x", "k": "a", "s": "xxx"}


def test_a_handler_has_its_place() -> None:
    found = routes(application())
    assert found["/plain"]["handler"] == f"{__name__}.plain"
    assert found["/plain"]["line"] == plain.__code__.co_firstlineno
    assert found["/panel"]["handler"] == f"{__name__}.Panel"


def closed_over(app: Any) -> Any:
    async def entered(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return entered


class Wrapper:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.mark.parametrize(
    "wrap", [Wrapper, closed_over, lambda app: functools.partial(app), lambda app: Wrapper(closed_over(app))]
)
def test_the_application_is_found_through_what_wraps_it(wrap: Any) -> None:
    assert "/plain" in routes(wrap(application()))


def test_what_is_put_round_asgi_app_is_left_out_inside() -> None:
    app = application()
    assert subject.inside(app) is app
    app.asgi_app = Wrapper(app.asgi_app)  # type: ignore[method-assign]
    assert subject.inside(app).func is Quart.asgi_app


def scope(path: str) -> dict[str, Any]:
    return {"path": path, "headers": [(b"host", b"example.org")], "scheme": "ws"}


def test_the_probe_is_registered_once_and_also_where_the_application_serves_already() -> None:
    app = application()
    app._got_first_request = True
    for _ in range(2):
        subject._inject_probe("/__probe__", app, scope("/__probe__"))
        subject._inject_probe("/__probe__", app, scope("/plain"))
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule == "/__probe__"]
    assert [rule.websocket for rule in rules] == [True]
    assert app._got_first_request
    assert "/__probe__" not in routes(app)


def test_with_a_prefix_the_probe_lies_behind_the_hooks_of_that_blueprint() -> None:
    app = application()
    subject._inject_probe("/__probe__", app, scope("/outer/inner/__probe__"))
    rule = next(rule for rule in app.url_map.iter_rules() if rule.rule.endswith("/__probe__"))
    assert rule.endpoint.startswith("outer.inner.")


def test_the_handler_that_a_connection_reaches_is_known() -> None:
    app = application()
    assert subject._handler_of(app, scope("/outer/inner/deep"))["handler"] == f"{__name__}.plain"
    assert subject._handler_of(app, scope("/nowhere"))["handler"] == "quart.app.Quart"


GUARDED = """
from quart import Quart, websocket

app = Quart(__name__)


@app.before_websocket
async def guard():
    if websocket.headers.get("x-key") != "open":
        return "no", 401


@app.websocket("/fragile")
async def fragile():
    while True:
        await websocket.send_json(await websocket.receive_json())
"""


@pytest.fixture
def guarded(tmp_path: Path) -> str:
    (tmp_path / "guarded_quart.py").write_text(GUARDED, "utf-8")
    return str(tmp_path)


def test_a_hook_that_refuses_the_probe_is_named(guarded: str) -> None:
    run = Run(Plan("guarded_quart:app", guarded))
    try:
        run.ready()
        assert "401" in run.refused
        assert "before_websocket (guard)" in run.refused
    finally:
        run.stop()


def test_what_quart_logs_of_a_handler_is_a_finding_with_its_line(guarded: str) -> None:
    run = Run(Plan("guarded_quart:app", guarded, settings=parse({"headers": {"X-Key": "open"}})))
    try:
        run.ready()
        assert run.refused == ""
        (case,) = [case for case in run.route_cases() if case.id == "route.not-json"]
        (result,) = run.results([case])
        assert result.verdict is Verdict.WARN
        (found,) = [f for f in result.attempts[-1].findings if f.verdict is Verdict.WARN]
        assert found.requirement == "suite.handler.input-tolerated"
        assert "guarded_quart.py:16" in found.observed
    finally:
        run.stop()
