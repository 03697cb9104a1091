"""Sanic under ASGI: what of it is found, where the probe is put, and which handler a connection reaches."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sanic import Blueprint, Request, Sanic
from sanic.response import text

from asgi_conformance.child.frameworks import sanic as subject


async def plain(request: Request, ws: Any, **values: Any) -> None:
    await ws.recv()


async def page(request: Request) -> Any:
    return text("a page")


@pytest.fixture
def app() -> Sanic:
    app = Sanic("t" + uuid.uuid4().hex)
    app.add_websocket_route(plain, "/plain", name="plain")
    app.add_websocket_route(plain, "/typed/<n:int>/<f:float>/<u:uuid>/<s:str>/<d:ymd>", name="typed")
    app.add_route(page, "/page")
    inner = Blueprint("inner", url_prefix="/inner")
    inner.add_websocket_route(plain, "/deep", name="deep")
    app.blueprint(Blueprint.group(inner, url_prefix="/outer"))
    return app


def routes(target: Any) -> dict[str, dict[str, Any]]:
    return {route["path"]: route for route in subject.discover(target)}


def test_every_kind_of_route_is_found_and_no_page(app: Sanic) -> None:
    found = routes(app)
    typed = next(path for path in found if path.startswith("/typed"))
    assert set(found) == {"/plain", typed, "/outer/inner/deep"}
    assert found[typed]["url"] == "/typed/{n}/{f}/{u}/{s}/{d}"
    assert found[typed]["params"] == {"n": "1", "f": "1.5", "u": "{uuid}", "s": "x", "d": "2026-01-01"}


def test_a_handler_has_its_place(app: Sanic) -> None:
    found = routes(app)["/plain"]
    assert (found["handler"], found["line"]) == (f"{__name__}.plain", plain.__code__.co_firstlineno)


class Wrapper:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def test_the_application_is_found_through_what_wraps_it(app: Sanic) -> None:
    assert "/plain" in routes(Wrapper(Wrapper(app)))
    assert subject.inside(Wrapper(app)) is app


def test_the_probe_is_registered_once_and_also_where_the_router_is_final(app: Sanic) -> None:
    app.router.finalize()
    for _ in range(2):
        subject._inject_probe("/__probe__", app, {"path": "/__probe__"})
        subject._inject_probe("/__probe__", app, {"path": "/plain"})
    assert [route.path for route in app.router.routes].count("__probe__") == 1
    assert app.router.finalized
    assert "/__probe__" not in routes(app)


def test_the_handler_that_a_connection_reaches_is_known(app: Sanic) -> None:
    app.router.finalize()
    headers = [(b"host", b"example.org")]
    found = subject._handler_of(app, {"path": "/outer/inner/deep", "headers": headers})
    assert found["handler"] == f"{__name__}.plain"
    assert subject._handler_of(app, {"path": "/nowhere", "headers": headers})["handler"] == "sanic.app.Sanic"
