"""Falcon: its routes as they are found, the probe behind its middleware, and faulty responders judged rightly."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import pytest

from asgi_conformance import cases as catalogue
from asgi_conformance.child.frameworks import falcon as framework
from asgi_conformance.child.frameworks import falcon_routes as routes
from asgi_conformance.model import Layer, Result, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import parse

HERE = Path(__file__).parent
SOME = ("close.client.code[4001-bye]", "falcon.close.again[own-close]", "falcon.handler.unaccepted")


class Resource:
    async def on_get(self, req: Any, resp: Any) -> None: ...

    async def on_websocket(self, req: Any, ws: Any, **params: Any) -> None: ...

    async def on_websocket_named(self, req: Any, ws: Any) -> None: ...


class OnlyHttp:
    async def on_get(self, req: Any, resp: Any) -> None: ...


def paths(app: Any) -> Mapping[str, Mapping[str, Any]]:
    return {route["path"]: route for route in routes.discover(app)}


def test_every_kind_of_route_is_found() -> None:
    async def sink(req: Any, resp: Any, ws: Any = None) -> None: ...

    app = falcon.asgi.App()
    app.add_route("/", Resource())
    app.add_route("/plain", OnlyHttp())
    app.add_route("/a/b/{x}/c", Resource())
    app.add_route("/named", Resource(), suffix="named")
    app.add_sink(sink, "/sink")
    found = paths(app)
    assert set(found) == {"/", "/a/b/{x}/c", "/named", "/sink"}
    assert found["/"]["handler"].endswith("Resource.on_websocket")
    assert found["/named"]["handler"].endswith("Resource.on_websocket_named")
    assert all(Path(route["file"]) == Path(__file__) and route["line"] > 0 for route in found.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("{x}", "x"),
        ("{x:int}", "1"),
        ("{x:int(min=7)}", "7"),
        ("{x:int(3)}", "100"),
        ("{x:float}", "1"),
        ("{x:uuid}", "{uuid}"),
        ('{x:dt("%Y-%m-%d")}', "2026-01-01"),
        ("{x:dt}", "2026-01-01T00:00:00"),
        ("{x:path}", "x"),
    ],
)
def test_an_example_suits_the_converter(field: str, value: str) -> None:
    app = falcon.asgi.App()
    app.add_route("/at/" + field, Resource())
    (route,) = routes.discover(app)
    assert route["url"] == "/at/{x}"
    if value != "{uuid}":
        assert app._router.find("/at/" + route["params"]["x"]) is not None
    assert route["params"]["x"].startswith(value)


def test_a_wrapped_application_is_found() -> None:
    app = falcon.asgi.App()

    async def closure(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    class Wrapper:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self.inner(scope, receive, send)

    for target in (app, closure, Wrapper(app), functools.partial(closure), {"websocket": Wrapper(closure)}):
        assert framework.inside(target) is app


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    run = Run(Plan("falcon_targets:app", str(HERE)))
    try:
        run.ready()
        yield run
    finally:
        run.stop()


def probed(run: Run) -> list[Result]:
    return run.results([case for case in catalogue.load() if case.full_id in SOME])


def visited(run: Run, way: str, route: str) -> Result:
    cases = [c for c in run.route_cases() if c.tags["route"] == route and c.tags["way"] == way]
    (result,) = run.results(cases)
    return result


def test_the_probe_is_reached_behind_the_middleware(run: Run) -> None:
    assert run.refused == ""
    assert run.product == "falcon"
    assert {result.verdict for result in probed(run)} == {Verdict.PASS}


def test_the_shipped_deviation_still_occurs(run: Run) -> None:
    (result,) = run.results([case for case in catalogue.load() if case.full_id == "falcon.close.unread"])
    assert result.verdict is Verdict.KNOWN
    assert {f.deviation for f in result.findings if f.deviation} == {"falcon.close-raises-the-servers-error"}


def test_what_escapes_from_a_responder_is_its_fault(run: Run) -> None:
    result = visited(run, "not-json", "/careless")
    assert (result.verdict, result.layer) == (Verdict.WARN, Layer.APPLICATION)
    (finding,) = [f for f in result.findings if f.verdict is Verdict.WARN]
    assert finding.requirement == "suite.handler.input-tolerated"
    assert finding.component.endswith("(falcon_targets.py:15)")
    assert "JSONDecodeError" in finding.observed
    assert finding.observed.endswith("left the handler at falcon_targets.py:18")


def test_an_end_that_falcon_takes_quietly_is_none(run: Run) -> None:
    assert visited(run, "close-1000", "/careless").verdict is not Verdict.WARN


def test_a_route_that_denies_is_told_how_to_be_visited(run: Run) -> None:
    result = visited(run, "close-1000", "/denies")
    assert result.verdict is Verdict.SKIP
    assert "HTTP 403" in result.reason


def test_middleware_that_refuses_is_named_with_the_lines_to_add() -> None:
    for settings, reached in (({}, False), ({"headers": {"Authorization": "x"}}, True), ({"probe": "inside"}, True)):
        run = Run(Plan("falcon_targets:guarded", str(HERE), settings=parse(settings)))
        try:
            run.ready()
            assert (run.refused == "") is reached
            if not reached:
                assert "HTTPUnauthorized was raised at" in run.refused
                assert "a token is needed" in run.refused
        finally:
            run.stop()
