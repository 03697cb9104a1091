"""Litestar: its routes as found, the probe behind its middleware and guards, and faulty handlers judged rightly."""

from __future__ import annotations

import datetime
import functools
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import litestar_targets
import pytest
from litestar import Controller, Litestar, Router, WebSocket, get, websocket
from litestar.handlers import WebsocketListener, websocket_listener, websocket_stream
from litestar.params import CookieParameter, HeaderParameter

from asgi_conformance import cases as catalogue
from asgi_conformance.child.frameworks import litestar as framework
from asgi_conformance.child.frameworks import litestar_routes as routes
from asgi_conformance.model import Layer, Result, Verdict
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import parse

# Parameters are declared here as most applications still do.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
HERE = Path(__file__).parent
SOME = ("close.client.code[4001-bye]", "messages.client.text[ascii]", "lost.handler.raises", "handshake.accept")
Socket = WebSocket[Any, Any, Any]


@websocket(["/one", "/two/{number:int}"])
async def several(socket: Socket, number: int = 0) -> None: ...


@websocket("/typed/{u:uuid}/{d:date}/{f:float}/{p:path}")
async def typed(socket: Socket, u: UUID, d: datetime.date, f: float, p: str) -> None: ...


@websocket("/demands")
async def demands(
    socket: Socket,
    token: str,
    key: Annotated[str, HeaderParameter(name="x-key")],
    pet: Annotated[str, CookieParameter(name="pet")],
    page: int = 1,
) -> None: ...


@websocket_listener("/listener")
async def listener(data: str) -> str:
    return data


@websocket_stream("/stream")
async def stream() -> AsyncGenerator[str, None]:
    yield "one"


class Listener(WebsocketListener):
    path = "/class-listener"

    async def on_receive(self, data: str) -> str:
        return data


class Controlled(Controller):
    path = "/controlled"

    @websocket("/{name:str}")
    async def handle(self, socket: Socket, name: str) -> None: ...


@get("/plain")
async def plain() -> None: ...


def found(app: Litestar) -> Mapping[str, Mapping[str, Any]]:
    return {route["path"]: route for route in routes.discover(app, framework.is_application)}


def test_every_kind_of_route_is_found() -> None:
    nested = Router("/api", route_handlers=[Router("/v1", route_handlers=[Controlled])])
    all_routes = found(Litestar([several, listener, stream, Listener, nested, plain]))
    names = {path: str(route["handler"]).rpartition(".")[2] for path, route in all_routes.items()}
    assert names == {
        "/one": "several",
        "/two/{number:int}": "several",
        "/listener": "listener",
        "/stream": "stream",
        "/class-listener": "Listener",
        "/api/v1/controlled/{name:str}": "handle",
    }
    assert all(Path(route["file"]) == Path(__file__) and route["line"] > 0 for route in all_routes.values())
    assert all_routes["/two/{number:int}"]["url"] == "/two/{number}"


def test_an_example_suits_each_type() -> None:
    (route,) = found(Litestar([typed])).values()
    assert route["params"] == {"u": "{uuid}", "d": "2026-01-01", "f": "1.5", "p": "x"}


def test_what_a_handler_demands_is_named() -> None:
    (route,) = found(Litestar([demands])).values()
    assert route["required"] == {"query": ["token"], "headers": ["x-key"], "cookies": ["pet"]}


def test_a_mounted_application_is_found() -> None:
    assert set(found(litestar_targets.outer)) == {"/inner/careless", "/denies"}
    leads = functools.partial(routes.leads_further, litestar_targets.outer, is_application=framework.is_application)
    assert leads("/inner/probe")
    assert not leads("/probe")


def test_a_wrapped_application_is_found() -> None:
    app = Litestar([plain])

    async def closure(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    for target in (app, closure, functools.partial(closure), {"websocket": closure}):
        assert framework.inside(target) is app


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    run = Run(Plan("litestar_targets:app", str(HERE)))
    try:
        run.ready()
        yield run
    finally:
        run.stop()


def visited(run: Run, way: str, route: str) -> Result:
    cases = [c for c in run.route_cases() if c.tags["route"] == route and c.tags["way"] == way]
    (result,) = run.results(cases)
    return result


def test_the_probe_is_reached_behind_the_middleware(run: Run) -> None:
    assert run.refused == ""
    results = run.results([case for case in catalogue.load() if case.full_id in SOME])
    assert {result.verdict for result in results} == {Verdict.PASS}
    seen = [o.data["component"] for o in results[0].attempts[0].trace.observations if o.data.get("component")]
    assert "litestar_targets.plain" in [component["name"] for component in seen]


def test_the_shipped_deviation_still_occurs(run: Run) -> None:
    (result,) = run.results([case for case in catalogue.load() if case.full_id == "litestar.disconnect.again[4001]"])
    assert result.verdict is Verdict.KNOWN
    assert {f.deviation for f in result.findings if f.deviation} == {"litestar.second-receive-1000"}


def test_what_litestar_logs_of_a_handler_is_its_fault(run: Run) -> None:
    result = visited(run, "not-json", "/careless")
    assert (result.verdict, result.layer) == (Verdict.WARN, Layer.APPLICATION)
    (finding,) = [f for f in result.findings if f.verdict is Verdict.WARN]
    assert finding.requirement == "suite.handler.input-tolerated"
    assert finding.component.endswith("(litestar_targets.py:17)")
    assert "JSONDecodeError" in finding.observed
    assert finding.observed.endswith("left the handler at litestar_targets.py:20")


def test_an_ordinary_end_that_is_logged_is_its_fault_too(run: Run) -> None:
    result = visited(run, "close-4001", "/careless")
    (finding,) = [f for f in result.findings if f.verdict is Verdict.WARN]
    assert finding.requirement == "suite.handler.disconnect-caught"


def test_a_guard_that_denies_is_told_how_to_pass(run: Run) -> None:
    result = visited(run, "close-1000", "/denies")
    assert result.verdict is Verdict.SKIP
    assert "HTTP 403" in result.reason


def test_what_refuses_the_probe_is_named_with_the_lines_to_add() -> None:
    for settings, reached in (({}, False), ({"headers": {"Authorization": "x"}}, True), ({"probe": "inside"}, True)):
        run = Run(Plan("litestar_targets:guarded", str(HERE), settings=parse(settings)))
        try:
            run.ready()
            assert (run.refused == "") is reached
            if not reached:
                assert "NotAuthorizedException was raised at" in run.refused
                assert "litestar_targets.Token" in run.refused
                assert "headers = " in run.refused
        finally:
            run.stop()


def test_what_refuses_the_probe_is_named_with_its_own_line() -> None:
    source = Path(litestar_targets.__file__)
    line = source.read_text("utf-8").splitlines().index('        raise PermissionDeniedException("nobody")') + 1
    run = Run(Plan("litestar_targets:walled", str(HERE)))
    try:
        run.ready()
        assert f"PermissionDeniedException was raised at {source}:{line} (nobody)" in run.refused
    finally:
        run.stop()


def test_the_probe_is_put_into_a_mounted_application() -> None:
    run = Run(Plan("litestar_targets:outer", str(HERE), settings=parse({"probe-prefix": "/inner"})))
    try:
        run.ready()
        assert run.refused == ""
    finally:
        run.stop()
