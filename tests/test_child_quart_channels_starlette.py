"""What is put round the classes of Quart, BlackSheep, Channels and Starlette, on stand-ins for them."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from test_child_frameworks import within

from asgi_conformance.child.frameworks import (
    blacksheep_routes,
    channels,
    quart,
    starlette,
    starlette_handlers,
    starlette_routes,
)
from asgi_conformance.child.recorder import Run


def test_what_is_put_round_quart_leaves_strangers_alone() -> None:
    class Connection:
        async def __call__(self, receive: Any, send: Any) -> None:
            self.given = (receive, send)

    quart._watch_connections(Connection, "/probe")
    connection = Connection()
    asyncio.run(connection(1, 2))  # type: ignore[arg-type]
    assert connection.given == (1, 2)


def test_quarts_hooks_are_left_out_where_the_probe_is_inside() -> None:
    class App:
        async def preprocess_websocket(self) -> str:
            return "no"

    quart._observe_hooks(App)

    async def use(run: Run) -> None:
        assert await App().preprocess_websocket() is None

    assert not within(use, inside=True)


def test_an_example_of_quarts_number_is_its_least() -> None:
    class IntegerConverter:
        min = 7
        regex = r"\d+"

    assert quart._example(IntegerConverter()) == "7"


def test_the_host_of_a_rule_of_quarts() -> None:
    matching = SimpleNamespace(url_map=SimpleNamespace(host_matching=True))
    assert quart._host_of(matching, SimpleNamespace(host="a.example")) == "a.example"


def test_blacksheeps_routes_are_those_in_use_and_those_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    class Application:
        mount_registry: Any = None

    monkeypatch.setitem(sys.modules, "blacksheep.server.application", SimpleNamespace(Application=Application))
    to_come = SimpleNamespace(handler=SimpleNamespace(__name__="conformance_probe"))
    router = SimpleNamespace(routes={}, registered_routes=[("GET", 1), ("GET_WS", to_come)])
    assert list(blacksheep_routes._routes(SimpleNamespace(router=router))) == [to_come]
    app: Any = Application()
    app.router = router
    mounted = [SimpleNamespace(handler=print, pattern=b"/a/*"), SimpleNamespace(handler=app, pattern=b"/b/*")]
    app.mount_registry = SimpleNamespace(mounted_apps=mounted)
    # It mounts itself: that ends somewhere.
    assert blacksheep_routes.discover(app) == []


def test_the_probe_lies_below_what_a_channels_router_is_mounted_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Router_:
        routes: ClassVar[list[Any]] = []

    monkeypatch.setitem(sys.modules, "django.urls", SimpleNamespace(path=lambda path, view: path))
    scope = {"path": "/mounted/probe", "root_path": "/mounted"}
    further = Router_()
    monkeypatch.setattr(channels.routes, "leads_further", lambda router, path: router is further)
    for router in (further, Router_()):
        router.routes = []
        channels._inject_probe("/probe", router, scope)
        assert router.routes == ([] if router is further else ["probe"])


def test_a_consumer_of_strangers_is_called_as_it_is() -> None:
    class Consumer:
        async def __call__(self, *given: Any) -> Any:
            return given

    channels._observe_consumer(Consumer)
    assert asyncio.run(Consumer()({}, 1, 2)) == ({}, 1, 2)

    async def handled(run: Run) -> None:
        assert await Consumer()({}, 1, 2) == ({}, 1, 2)

    assert not within(handled, route={"route": "/"}, handled=True)


def test_a_lane_of_channels_that_asks_again_after_the_end_is_told_again() -> None:
    async def asks() -> None:
        connection = channels.ChannelsConnection(None, None)  # type: ignore[arg-type]
        connection._gone = channels.Disconnected(1001)
        with pytest.raises(channels.Disconnected):
            await connection.perform("receive_text", {})

    asyncio.run(asks())


def test_starlettes_websocket_is_observed_once_for_each_endpoint() -> None:
    class WebSocket:
        def __init__(self, scope: Any, receive: Any, send: Any) -> None:
            self.receive = receive

    starlette._observe_websocket(WebSocket)
    made: dict[str, Any] = {"__name__": starlette.ENDPOINT_MAKERS[0], "WebSocket": WebSocket}
    exec("def make():\n    return WebSocket({}, 1, 2)", made)

    async def use(run: Run) -> None:
        assert made["make"]().receive != 1
        assert made["make"]().receive == 1

    within(use)


def test_what_starlette_refuses_to_send_is_seen_and_what_the_server_refuses_is_not() -> None:
    class WebSocket:
        async def send(self, message: dict[str, Any]) -> None:
            self.run.sends += message.get("passed", 0)
            raise RuntimeError("no")

        run: Any

    starlette_handlers._observe_refusals(WebSocket)

    async def use(run: Run) -> None:
        websocket = WebSocket()
        websocket.run = websocket.__dict__["_asgi_conformance_run"] = run
        for message in ({"type": "websocket.send"}, {"type": "websocket.send", "passed": 1}):
            with pytest.raises(RuntimeError):
                await websocket.send(message)

    told = within(use, route={"route": "/"})
    assert [kind for _, kind, _ in told] == ["send.refused"]


def test_what_fastapi_demands_of_an_older_field() -> None:
    needed = SimpleNamespace(alias="token", field_info=SimpleNamespace(is_required=lambda: True))
    spare = SimpleNamespace(alias="page", required=False)
    dependant = SimpleNamespace(query_params=[needed, spare], header_params=[], cookie_params=[])
    assert starlette_routes._required(dependant)["query"] == ["token"]


def test_without_starlette_there_are_no_routes_of_its(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "starlette.routing", raising=False)
    assert starlette_routes.discover(None) == []
