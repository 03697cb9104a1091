"""Whose exception it is that leaves a route: the framework's only where nothing but its own code was at work."""

from __future__ import annotations

import pytest

from asgi_conformance.judge.framework_route import FRAMES, REQUIREMENT, framework_route, own_exception
from asgi_conformance.judge.seen import read
from asgi_conformance.model import Observation, Trace

PACKAGES = "/env/lib/python3.10/site-packages"
ENDPOINTS, ROUTING = f"{PACKAGES}/starlette/endpoints.py:83", f"{PACKAGES}/starlette/routing.py:70"
OBJECT = f"{PACKAGES}/starlette/datastructures.py:677"


def raised(*frames: str, mro: tuple[str, ...] = ("TypeError", "Exception")) -> dict[str, object]:
    leaf = {"type": f"builtins.{mro[0]}", "mro": list(mro), "message": "no", "frames": list(frames)}
    return {"outcome": "raised", "exc": {**leaf, "leaves": [leaf]}}


def claims(entered: bool, exit_: dict[str, object], middleware: dict[str, object] | None = None) -> list[str]:
    seen = [Observation(1, "outer", "enter", {"spec_version": "2.4"})]
    if middleware is not None:
        component = {"name": "app.Mw", "layer": "middleware", "file": "/app/mw.py", "line": 4}
        seen.append(Observation(2, "asgi:1", "enter", {"component": component}))
    if entered:
        seen += [Observation(3, "route", "enter", {}), Observation(4, "route", "exit", exit_)]
    if middleware is not None:
        seen.append(Observation(5, "asgi:1", "exit", exit_))
    seen.append(Observation(6, "outer", "exit", middleware or exit_))
    found = list(framework_route(read(Trace(tuple(seen)))))
    assert {claim.requirement for claim in found} <= {REQUIREMENT}
    assert not any(claim.held for claim in found)
    return [claim.observed for claim in found]


@pytest.mark.parametrize("entered", [True, False])
def test_an_exception_of_the_frameworks_own_is_the_frameworks(entered: bool) -> None:
    assert claims(entered, raised(ROUTING, ENDPOINTS)) == ["TypeError: no left starlette at starlette/endpoints.py:83"]


@pytest.mark.parametrize(
    "frame", ["/app/chat.py:9", f"{PACKAGES}/installed_app/chat.py:9", f"{PACKAGES}/sqlalchemy/engine.py:4"]
)
@pytest.mark.parametrize("entered", [True, False])
def test_where_other_code_was_at_work_it_is_not(entered: bool, frame: str) -> None:
    assert claims(entered, raised(ROUTING, frame, OBJECT)) == []
    assert claims(entered, raised(ROUTING, frame)) == []


def test_a_middleware_above_changes_nothing() -> None:
    through = raised("/app/mw.py:4", ROUTING, ENDPOINTS)
    assert len(claims(False, raised(ROUTING, ENDPOINTS), through)) == 1
    assert claims(False, raised(ROUTING, "/app/mw.py:30", OBJECT), through) == []


def test_what_a_framework_raises_on_purpose_is_the_handlers_affair() -> None:
    assert claims(True, raised(ENDPOINTS, mro=("RuntimeError", "Exception"))) == []
    assert claims(True, raised(ENDPOINTS, mro=("WebSocketDisconnect", "Exception"))) == []


def test_what_was_not_kept_proves_nothing() -> None:
    assert claims(True, raised(*[ENDPOINTS] * FRAMES)) == []


def test_an_orderly_end_says_nothing() -> None:
    assert claims(True, {"outcome": "returned"}) == []


def test_what_it_makes_of_the_end_that_the_client_made_is_the_frameworks() -> None:
    """The handler let the disconnect go; the framework then closed what was closed, and the server refused that."""
    left = raised("/app/chat.py:9", mro=("WebSocketDisconnectError", "Exception"))
    server = raised(ROUTING, f"{PACKAGES}/uvicorn/websockets_impl.py:360", mro=("RuntimeError", "Exception"))
    seen = [
        Observation(1, "outer", "enter", {"spec_version": "2.4"}),
        Observation(2, "route", "enter", {}),
        Observation(3, "outer", "receive", {"event": {"type": "websocket.disconnect", "code": 1000}, "step": None}),
        Observation(4, "route", "escaped", {"exc": left["exc"]}),
        Observation(5, "route", "exit", server),
        Observation(6, "outer", "exit", server),
    ]
    (claim,) = framework_route(read(Trace(tuple(seen))))
    assert claim.observed == "RuntimeError: no left starlette at starlette/routing.py:70"
    let_go = (*seen[:4], Observation(5, "route", "exit", left), Observation(6, "outer", "exit", left))
    assert list(framework_route(read(Trace(let_go)))) == []


@pytest.mark.parametrize(("between", "blamed"), [((), 1), (("/app/chat.py:9",), 0)])
@pytest.mark.parametrize("escaped", [False, True])
def test_what_it_sends_of_its_own_behind_the_end_is_the_frameworks(
    between: tuple[str, ...], blamed: int, escaped: bool
) -> None:
    """Unless the handler's code stands on the way, or the handler itself had raised before."""
    server = f"{PACKAGES}/uvicorn/protocols/websockets/websockets_impl.py:360"
    exit_ = raised(ROUTING, *between, ENDPOINTS, server, mro=("RuntimeError", "Exception"))
    end = {"event": {"type": "websocket.disconnect", "code": 1000}}
    trace = [
        Observation(1, "outer", "enter", {"spec_version": "2.4"}),
        Observation(2, "route", "enter", {}),
        Observation(3, "outer", "receive", end),
        *([Observation(4, "route", "escaped", {"exc": raised("/app/chat.py:4")["exc"]})] if escaped else ()),
        Observation(5, "route", "exit", exit_),
    ]
    found = own_exception(read(Trace(tuple(trace))), exit_)
    assert (found is not None) is (bool(blamed) and not escaped)
