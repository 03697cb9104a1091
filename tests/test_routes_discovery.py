"""The routes of a target are found, whatever it is wrapped in, with their handlers."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Cookie, Depends, FastAPI, Header, Query, WebSocket
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute

from asgi_conformance.child.frameworks import starlette_routes


async def handler(ws: Any) -> None: ...


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    async def inner(ws: Any) -> None: ...

    return inner


@decorated
async def wrapped(ws: Any) -> None: ...


class Endpoint(WebSocketEndpoint): ...


class Instance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    async def method(self, ws: Any) -> None: ...


@pytest.fixture(autouse=True)
def _nothing_reached() -> Iterator[None]:
    starlette_routes._reached.clear()
    yield
    starlette_routes._reached.clear()


def paths(target: Any) -> list[str]:
    return [route["path"] for route in starlette_routes.discover(target)]


def one(*routes: Any, target: Any = None) -> dict[str, Any]:
    (found,) = starlette_routes.discover(target or Starlette(routes=list(routes)))
    return found


def test_nested_mounts_and_hosts() -> None:
    inner = Router([WebSocketRoute("/c/{n:int}", handler)])
    app = Starlette(
        routes=[
            Route("/http", lambda request: None),
            WebSocketRoute("/a", handler),
            Mount("/m/{tenant}", routes=[Mount("/deep", app=CORSMiddleware(inner)), WebSocketRoute("/b", handler)]),
            Host("{sub}.example.org", app=inner),
        ]
    )
    assert paths(app) == ["/a", "/m/{tenant}/deep/c/{n:int}", "/m/{tenant}/b", "{sub}.example.org/c/{n:int}"]
    deep, host = starlette_routes.discover(app)[1], starlette_routes.discover(app)[3]
    assert (deep["url"], deep["params"]) == ("/m/{tenant}/deep/c/{n}", {"tenant": "x", "n": "1"})
    assert (host["url"], host["host"], host["params"]) == ("/c/{n}", "{sub}.example.org", {"sub": "x", "n": "1"})


def test_examples_suit_the_convertors() -> None:
    found = one(WebSocketRoute("/{s}/{i:int}/{f:float}/{u:uuid}/{p:path}", handler))
    assert found["params"] == {"s": "x", "i": "1", "f": "1.5", "u": "{uuid}", "p": "x"}


class Colour(Enum):
    RED = "red"


def test_examples_suit_the_annotations() -> None:
    app = FastAPI()

    @app.websocket("/{i}/{u}/{b}/{c}/{s}")
    async def typed(ws: WebSocket, i: int, u: UUID, b: bool, c: Colour, s: str) -> None: ...

    assert one(target=app)["params"] == {"i": "1", "u": "{uuid}", "b": "true", "c": "red", "s": "x"}


def test_included_routers_are_seen_as_they_are_in_effect() -> None:
    app, outer, inner = FastAPI(), APIRouter(prefix="/o/{x}"), APIRouter()
    outer.include_router(inner, prefix="/i")
    app.include_router(outer, prefix="/v1")
    app.mount("/sub", FastAPI(routes=[WebSocketRoute("/s", handler)]))

    @inner.websocket("/late")
    async def late(ws: WebSocket) -> None: ...

    assert sorted(paths(app)) == ["/sub/s", "/v1/o/{x}/i/late"]


def test_what_fastapi_demands_is_named() -> None:
    def dependency(key: str = Header()) -> None: ...

    app = FastAPI()

    @app.websocket("/ws", dependencies=[Depends(dependency)])
    async def ws(ws: WebSocket, token: str = Query(), page: int = 1, session: str = Cookie()) -> None: ...

    assert one(target=app)["required"] == {"query": ["token"], "headers": ["key"], "cookies": ["session"]}


@pytest.mark.parametrize(
    ("endpoint", "name", "code"),
    [
        (handler, "handler", handler),
        (wrapped, "wrapped", inspect.unwrap(wrapped)),
        (Endpoint, "Endpoint", Endpoint),
        (Instance(), "Instance", Instance),
        (Instance().method, "Instance.method", Instance.method),
        (functools.partial(handler), "handler", handler),
    ],
)
def test_a_handler_is_named_with_file_and_line(endpoint: Any, name: str, code: Any) -> None:
    found = one(WebSocketRoute("/a", endpoint))
    assert found["handler"] == f"{__name__}.{name}"
    assert Path(found["file"]) == Path(__file__)
    source = Path(__file__).read_text("utf-8").splitlines()[found["line"] - 1]
    assert source.lstrip().startswith(("async def ", "class "))
    assert name.rpartition(".")[2] in source


APP = Starlette(routes=[WebSocketRoute("/a", handler)])


class Slots:
    __slots__ = ("strange",)

    def __init__(self, strange: Any) -> None:
        self.strange = strange

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.strange(scope, receive, send)


async def by_name(scope: Any, receive: Any, send: Any) -> None:
    await APP(scope, receive, send)


def closure(app: Any) -> Any:
    async def call(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return call


def dispatcher(app: Any) -> Any:
    apps = {"http": None, "websocket": app}

    async def call(scope: Any, receive: Any, send: Any) -> None:
        await apps[scope["type"]](scope, receive, send)

    return call


@pytest.mark.parametrize(
    "target",
    [
        APP,
        APP.router,
        CORSMiddleware(APP),
        CORSMiddleware(CORSMiddleware(closure(APP))),
        Slots(APP),
        by_name,
        closure(APP),
        dispatcher(APP),
        functools.partial(Slots.__call__, Slots(APP)),
        APP.__call__,
        {"http": None, "websocket": [APP]},
    ],
)
def test_a_wrapped_application_is_found(target: Any) -> None:
    assert paths(target) == ["/a"]


class Schema:
    """Keeps the namespace of the module that it was written in, as libraries do that resolve annotations late."""

    def __init__(self) -> None:
        self.namespace = {"__builtins__": {}, "app": APP, "mounted": MOUNTED}


class GraphQL:
    def __init__(self) -> None:
        self.schema = Schema()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            await send({"type": "websocket.close"})


MOUNTED = Starlette()


def test_the_search_does_not_leave_the_way_by_a_modules_namespace() -> None:
    assert paths(GraphQL()) == []


def test_an_application_without_a_router_is_a_route_where_it_is_mounted() -> None:
    http_only, outer = FastAPI(), FastAPI()

    async def static(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"

    outer.mount("/{tenant}/graphql", CORSMiddleware(GraphQL()))
    outer.mount("/static", static)
    outer.mount("/http", http_only)
    found = one(target=outer)
    assert (found["path"], found["url"]) == ("/{tenant}/graphql/", "/{tenant}/graphql/")
    assert found["params"] == {"tenant": "x"}
    assert found["handler"] == f"{__name__}.GraphQL"
    assert "kind" not in found


class EngineIO:
    def __init__(self, engineio_path: str | None, other_asgi_app: Any = None) -> None:
        self.engineio_path, self.other_asgi_app = engineio_path, other_asgi_app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class SocketIO(EngineIO): ...


EngineIO.__module__, EngineIO.__qualname__ = "engineio.async_drivers.asgi", "ASGIApp"
SocketIO.__module__, SocketIO.__qualname__ = "socketio.asgi", "ASGIApp"


def test_a_socket_io_application_is_a_route_beside_those_of_the_application_behind_it() -> None:
    found = starlette_routes.discover(SocketIO("/socket.io/", APP))
    assert [route["path"] for route in found] == ["/a", "/socket.io/"]
    assert (found[1]["query"], found[1]["messages"]) == ("EIO=4&transport=websocket", ["40"])


@pytest.mark.parametrize(
    ("own", "path"), [("/ws/socket.io/", "/ws/socket.io/"), ("/socket.io/", "/ws/socket.io/"), (None, "/ws/")]
)
def test_the_path_of_a_mounted_socket_io_application(own: str | None, path: str) -> None:
    found = one(Mount("/ws", app=EngineIO(own)))
    assert (found["path"], found["messages"]) == (path, [])


def test_a_mount_that_leads_back_to_its_own_router_ends() -> None:
    app = Starlette(routes=[WebSocketRoute("/a", handler)])
    app.mount("/m", closure(app))
    assert paths(app) == ["/a"]


def test_a_router_that_was_reached_is_found() -> None:
    def nowhere(scope: Any) -> None: ...

    assert paths(nowhere) == []
    starlette_routes.reached(APP.router, {"type": "websocket", "root_path": "/below"})
    assert paths(nowhere) == ["/below/a"]


def test_a_router_inside_another_is_no_root() -> None:
    starlette_routes.reached(APP.router, {"type": "websocket", "router": Router()})
    assert paths(lambda scope: None) == []


def test_the_suites_own_route_is_none_of_the_targets() -> None:
    async def conformance_probe(ws: Any) -> None: ...

    assert paths(Starlette(routes=[WebSocketRoute("/p", conformance_probe), WebSocketRoute("/a", handler)])) == ["/a"]
