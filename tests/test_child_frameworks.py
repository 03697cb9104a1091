"""What is put round each framework's classes, on stand-ins for them: none of the frameworks need be installed."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.routing import Router
from test_child_parts import in_a_run

from asgi_conformance.child.frameworks import (
    blacksheep,
    channels,
    falcon,
    falcon_routes,
    litestar,
    litestar_routes,
    litestar_stack,
    quart,
    sanic,
    starlette,
)
from asgi_conformance.child.lane import Failed
from asgi_conformance.child.recorder import Run, current_run

CONNECTIONS = {
    "blacksheep": blacksheep.BlackSheepConnection,
    "falcon": falcon.FalconConnection,
    "litestar": litestar.LitestarConnection,
    "quart": quart.QuartConnection,
    "sanic": sanic.SanicConnection,
    "starlette": starlette.StarletteConnection,
    "channels": lambda consumer: channels.ChannelsConnection(None, consumer),  # type: ignore[arg-type]
}
Told = list[tuple[str, str, dict[str, Any]]]


def within(use: Callable[[Run], Coroutine[Any, Any, None]], **given: Any) -> Told:
    """What is told of a run that is the connection's own while this happens."""

    async def entered(run: Run) -> None:
        for name, value in given.items():
            setattr(run, name, value)
        token = current_run.set(run)
        try:
            await use(run)
        finally:
            current_run.reset(token)

    return in_a_run(entered)


@pytest.mark.parametrize("name", CONNECTIONS)
def test_an_operation_that_a_framework_has_not_is_no_finding(name: str) -> None:
    with pytest.raises(Failed, match="has no jump"):
        asyncio.run(CONNECTIONS[name](SimpleNamespace()).perform("jump", {}))


def test_a_stranger_at_the_probe_is_told_nothing() -> None:
    async def strangers() -> list[Any]:
        router = Router()
        starlette._add_route(router, "/probe")
        (route,) = router.routes
        return [
            await route.endpoint(None),  # type: ignore[attr-defined]
            await sanic._probe(None, None),
            await falcon.Probe().on_websocket(None, None),
            await channels._conformance_probe({}, None, None),
            await quart.conformance_probe(),
        ]

    assert asyncio.run(strangers()) == [None] * 5


class Items:
    """A connection that yields messages."""

    def __init__(self, *items: str) -> None:
        self.items = items

    async def __aiter__(self) -> Any:
        for item in self.items:
            yield item

    def iter_text(self) -> Any:
        return aiter(self)

    def iter_data(self, mode: str) -> Any:
        return aiter(self)


@pytest.mark.parametrize("name", ["litestar", "sanic", "starlette"])
def test_an_iteration_ends_where_the_script_says(name: str) -> None:
    async def iterate(**args: Any) -> Any:
        return await CONNECTIONS[name](Items("a", "b")).perform("iterate", {"kind": "text", **args})

    assert asyncio.run(iterate(limit=1)) == ["a"]
    assert asyncio.run(iterate()) == ["a", "b"]


# --- Sanic


def test_sanics_connection_is_seen_once_and_only_in_a_run() -> None:
    class Connection:
        def __init__(self, send: Any, receive: Any, name: str = "") -> None:
            self.given = (send, receive, name)

    sanic._observe_connection(Connection)
    assert Connection(1, 2, "a").given == (1, 2, "a")

    async def use(run: Run) -> None:
        assert Connection(1, 2).given != (1, 2, "")
        assert Connection(1, 2).given == (1, 2, "")

    within(use)


def middlewares(answer: Any) -> Any:
    class App:
        async def _run_request_middleware(self) -> Any:
            return answer

    sanic._observe_middleware(App)
    return App()


def test_a_middleware_of_sanics_that_answers_is_seen() -> None:
    assert asyncio.run(middlewares("no")._run_request_middleware()) == "no"

    async def refused(run: Run) -> None:
        assert await middlewares("no")._run_request_middleware() == "no"
        assert await middlewares(None)._run_request_middleware() is None

    (told,) = within(refused)
    assert told[:2] == ("framework", "refused")

    async def left_out(run: Run) -> None:
        assert await middlewares("no")._run_request_middleware() is None

    assert not within(left_out, inside=True)


def test_what_sanic_logs_of_a_handler_is_seen_unless_it_is_quiet() -> None:
    class Handler:
        @staticmethod
        def log(request: Any, exception: Any) -> str:
            return "logged"

    class Quiet(Exception):
        quiet = True

    class Loud(Exception):
        quiet = False

    sanic._observe_logged(Handler)
    assert Handler.log(None, Loud()) == "logged"

    async def use(run: Run) -> None:
        assert [Handler.log(None, exc) for exc in (Quiet(), Loud())] == ["logged"] * 2

    told = within(use, route={"route": "/"})
    assert [(boundary, kind, data["exc"]["mro"][0]) for boundary, kind, data in told] == [("route", "escaped", "Loud")]


def test_an_older_sanic_has_no_middleware_to_finalize() -> None:
    added: list[str] = []
    router = SimpleNamespace(routes=[], reset=lambda: None, finalize=lambda: None)
    app = SimpleNamespace(router=router, add_websocket_route=lambda handler, path, name: added.append(path))
    for path in ("/probe", "/other"):
        sanic._inject_probe("/probe", app, {"path": path})
    assert added == ["/probe"]


# --- Falcon


def test_what_is_put_round_falcon_leaves_strangers_alone() -> None:
    class App:
        async def _handle_websocket(self, *given: Any) -> None:
            self.given = given

        async def _handle_exception(self, *given: Any) -> Any:
            return given

    falcon._observe_connection(App)
    falcon._observe_handling(App)
    app = App()
    asyncio.run(app._handle_websocket("2.4", {}, 1, 2))  # type: ignore[arg-type]
    assert app.given == ("2.4", {}, 1, 2)
    assert asyncio.run(app._handle_exception(1, 2, 3)) == (1, 2, 3)


def test_a_close_of_an_older_falcon_has_no_reason() -> None:
    class Socket:
        async def close(self, code: int = 1000) -> int:
            return code

    connection = falcon.FalconConnection(Socket())
    assert asyncio.run(connection.perform("close", {"code": 4001, "reason": "bye"})) == 4001


def test_a_sink_of_falcons_is_found_where_the_router_has_nothing() -> None:
    async def sink(req: Any, resp: Any, ws: Any = None) -> None: ...

    def plain(req: Any, resp: Any) -> None: ...

    sinks = [(re.compile(r"/files/\d"), sink), (re.compile("/plain"), plain), (re.compile("/sink"), sink)]
    app = SimpleNamespace(_sinks=sinks, _router=None)
    assert falcon_routes.handler_of(app, {"path": "/sink"})["handler"].endswith(".sink")
    # Only a pattern that is a path can be visited, and only what takes a WebSocket.
    assert [found["path"] for found in falcon_routes._sinks(app)] == ["/sink"]


def test_a_converter_that_takes_nothing_has_no_example() -> None:
    router = SimpleNamespace(
        options=SimpleNamespace(converters={"none": SimpleNamespace(convert=lambda text: None)}),
        _instantiate_converter=lambda converter, given: converter,
    )
    assert falcon_routes._example(router, "none", "") == "x"


# --- Litestar


def test_litestar_knows_for_whom_an_object_is_made() -> None:
    class Base:
        def __init__(self, scope: Any, receive: Any = None, send: Any = None) -> None:
            self.scope = scope
            self.receive = receive

    litestar._observe_websocket(Base)

    class Derived(Base):
        def __init__(self, scope: Any) -> None:
            super().__init__(scope, 1, 2)

    async def use(run: Run) -> None:
        assert Derived({}).receive == 1
        assert run.objects == 0
        made = {"__name__": "litestar.routes.websocket", "Derived": Derived}
        exec("def make():\n    return Derived({})", made)
        assert made["make"]().receive != 1  # type: ignore[operator]
        assert run.objects == 1

    within(use)


def test_what_litestar_misses_is_told_with_its_place() -> None:
    exc = ValueError("no")
    exc.extra = [{"key": "token", "source": "query"}, "text"]  # type: ignore[attr-defined]

    async def use(run: Run) -> None:
        litestar._note_refused(run, exc, sys._getframe())

    ((_, kind, data),) = within(use)
    assert (kind, data["missing"]) == ("refused", [["query", "token"]])


class Handlers:
    """As Litestar has the handlers of its routes."""

    def __init__(self, name: str) -> None:
        self._fn = SimpleNamespace(__name__=name)

    def resolve_middleware(self) -> list[Any]:
        return [Layer, (Layer, {"name": "b"})]

    def resolve_guards(self) -> list[str]:
        return ["guard"]


class Layer:
    def __init__(self, app: Any, name: str = "a") -> None:
        self.app, self.name = app, name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def test_litestars_middleware_is_marked_for_the_probe_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the class that logs exceptions, which not every release has, nothing of a log is seen."""
    monkeypatch.setitem(sys.modules, "litestar.handlers.base", SimpleNamespace(BaseRouteHandler=Handlers))
    for name in ("litestar.middleware._internal.exceptions.middleware", "litestar.middleware.exceptions.middleware"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    monkeypatch.setattr(Handlers, "resolve_middleware", Handlers.resolve_middleware)
    monkeypatch.setattr(Handlers, "resolve_guards", Handlers.resolve_guards)
    litestar_stack.install()
    assert Handlers("echo").resolve_middleware() == [Layer, (Layer, {"name": "b"})]
    first, second = Handlers(litestar_stack.PROBE).resolve_middleware()
    end = SimpleNamespace()
    built = second(first(end))
    assert (built.name, built.app.name) == ("b", "a")

    async def inside(run: Run) -> None:
        assert Handlers(litestar_stack.PROBE).resolve_middleware() == []
        assert Handlers(litestar_stack.PROBE).resolve_guards() == []
        assert Handlers("echo").resolve_guards() == ["guard"]

    assert not within(inside, inside=True)


def test_litestars_routes_end_where_mounts_go_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    class Route:
        path = "/in"

    monkeypatch.setitem(sys.modules, "litestar.routes", SimpleNamespace(WebSocketRoute=int))
    monkeypatch.setattr(litestar_routes, "_mounted", lambda handler, is_application: iter([app]))
    app = SimpleNamespace(routes=[Route()])
    assert litestar_routes.discover(app, lambda value: True) == []
    assert litestar_routes.leads_further(app, "/in/probe", lambda value: True)
    monkeypatch.setattr(litestar_routes, "_mounted", lambda handler, is_application: iter([]))
    assert not litestar_routes.leads_further(app, "/in/probe", lambda value: True)
