"""Applications of every shape, each called beside the child's code: prints, as JSON, what lay between the boundaries.

Run as a script in a process of its own, because observation patches the framework's classes.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Host, Mount, Router, WebSocketRoute
from starlette.websockets import WebSocket

PROBE = "/__probe__"


class Pass:
    """A middleware like most."""

    def __init__(self, app: Any, note: str = "") -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Other(Pass):
    """Another one, which keeps what it calls in a slot of an odd name and is called by keywords."""

    __slots__ = ("odd",)

    def __init__(self, app: Any) -> None:
        self.odd = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.odd(scope=scope, receive=receive, send=send)


class Plain:
    """Its ``__call__`` is no coroutine function."""

    def __init__(self, app: Any) -> None:
        self.inner = app

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return self.inner(scope, receive, send)


class Holder:
    """Calls by a bound method."""

    def __init__(self, app: Any) -> None:
        self.site = {"ws": app}

    async def serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self.site["ws"](scope, receive, send)


class Lazy:
    """Nothing leads to its application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await Starlette(middleware=[Middleware(Pass)])(scope, receive, send)


class OwnCall(FastAPI):
    """An application with a ``__call__`` of its own round the framework's."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, send)


def closing(app: Any) -> Any:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return wrapped


async def partly(app: Any, scope: Any, receive: Any, send: Any) -> None:
    await app(scope, receive, send)


async def endpoint(websocket: WebSocket) -> None:
    await websocket.accept()


def decorated() -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def add_header(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    return app


def needing() -> FastAPI:
    def token(token: str) -> str:
        return token

    return FastAPI(dependencies=[Depends(token)])


def stacked(*classes: Any, **kwargs: Any) -> Starlette:
    return Starlette(middleware=[Middleware(cls) for cls in classes], **kwargs)


def built() -> Starlette:
    app = stacked(Pass, Other)
    app.middleware_stack = app.build_middleware_stack()
    return app


SHAPES: dict[str, Callable[[], Any]] = {
    "starlette": Starlette,
    "fastapi": FastAPI,
    "router": Router,
    "two": lambda: stacked(Pass, Other),
    "two-fastapi": lambda: FastAPI(middleware=[Middleware(Pass), Middleware(Other)]),
    "same-twice": lambda: stacked(Pass, Pass),
    "own": lambda: stacked(CORSMiddleware, Pass),
    "plain": lambda: stacked(Plain),
    "function": lambda: stacked(closing, Pass),
    "partial-entry": lambda: Starlette(middleware=[Middleware(lambda app: functools.partial(partly, app))]),
    "base-http": lambda: stacked(BaseHTTPMiddleware),
    "decorated": decorated,
    "built": built,
    "wrapped": lambda: Pass(Starlette()),
    "wrapped-twice": lambda: Pass(Other(Starlette())),
    "wrapped-and-stacked": lambda: CORSMiddleware(stacked(Pass)),
    "closure": lambda: closing(Starlette()),
    "closures": lambda: closing(closing(Starlette())),
    "closure-between": lambda: Pass(closing(Other(Starlette()))),
    "partial": lambda: functools.partial(partly, Starlette()),
    "partial-keyword": lambda: Pass(functools.partial(partly, Starlette())),
    "bound": lambda: Holder(Starlette()).serve,
    "bound-between": lambda: Pass(Holder(Starlette()).serve),
    "lazy": Lazy,
    "own-call": OwnCall,
    "own-call-wrapped": lambda: Pass(OwnCall()),
    "router-middleware": lambda: Router(middleware=[Middleware(Pass), Middleware(Other)]),
    "router-closure": lambda: Router(middleware=[Middleware(Pass), Middleware(closing)]),
    "mount": lambda: Starlette(routes=[Mount("/m", app=Starlette())]),
    "mount-middleware": lambda: Starlette(routes=[Mount("/m", routes=[], middleware=[Middleware(Pass)])]),
    "mount-wrapped": lambda: Starlette(routes=[Mount("/m", app=Pass(stacked(Other)))]),
    "mount-stacked": lambda: stacked(Pass, routes=[Mount("/m", app=stacked(Other))]),
    "mount-bare": lambda: Starlette(routes=[Mount("/m", app=closing(None))]),
    "host": lambda: Starlette(routes=[Host("example.org", app=stacked(Pass))]),
    "trusted": lambda: stacked(functools.partial(TrustedHostMiddleware, allowed_hosts=["a.example", "*.b.example"])),
    "dependency": needing,
    "route-middleware": lambda: Starlette(routes=[WebSocketRoute("/own", endpoint, middleware=[Middleware(Pass)])]),
}


async def visit(child: Any, name: str, app: Any, inside: bool) -> dict[str, Any]:
    """Call one application as a server would, with the probe's script: accept."""
    records: list[list[Any]] = []
    channel = child.wire.Channel(-1)
    channel.observe = lambda run_id, boundary, kind, data: records.append([run_id, 0, boundary, kind, data])
    runs = child.recorder.Runs(channel)
    stack = child.starlette_stack
    stack.find_wrappers(app)
    lead = (lambda: stack.inside(app)) if inside else None
    outermost = child.boundary.Outermost(app, runs, PROBE, lambda: None, stack.is_application, lead)
    run = runs.get(name)
    run.brief({"steps": [[0, "accept", {}, False, False]]})
    path = "/own" if name == "route-middleware" else ("/m" if name.startswith("mount") else "") + PROBE
    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "ws", "subprotocols": [], "state": {}, "asgi": {"version": "3.0", "spec_version": "2.4"},
        "headers": [(b"host", b"example.org"), (b"x-asgi-conformance", name.encode())],
        "extensions": {"websocket.http.response": {}}, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(event: Any) -> None:
        sent.append(event)

    problem = ""
    try:
        await outermost(scope, receive, send)
    except Exception as exc:
        problem = repr(exc)
    enters = [(boundary, data) for _, _, boundary, kind, data in records if kind == "enter"]
    return {
        "boundaries": [[boundary, _name(data.get("component")), _name(data["below"])] for boundary, data in enters],
        "layers": [(data.get("component") or {}).get("layer") for _, data in enters],
        "below": enters[-1][1]["below"],
        "component": enters[-1][1].get("component"),
        "inner": [data["event"]["type"] for *_, where, kind, data in records if (where, kind) == ("inner", "receive")],
        "through": sorted({boundary for _, _, boundary, kind, data in records if kind == "send"}),
        "refused": [data for _, _, boundary, kind, data in records if kind == "refused"],
        "sent": [event["type"] for event in sent],
        "depth_after": [len(run.above), len(run.entered)],
        "problem": problem,
    }  # fmt: skip


def _name(record: Any) -> str | None:
    return None if record is None else record["name"].replace("__main__.", "")


def load_child() -> Any:
    """The child's package under a private name, as in a real run."""
    package = Path(__file__).resolve().parent.parent / "conformance" / "asgi_conformance" / "child"
    init, search = package / "__init__.py", [str(package)]
    spec = importlib.util.spec_from_file_location("_child", init, submodule_search_locations=search)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["_child"] = module
    spec.loader.exec_module(module)
    for name in ("wire", "recorder", "boundary"):
        importlib.import_module("_child." + name)
    starlette = importlib.import_module("_child.frameworks.starlette")
    vars(module)["starlette_stack"] = importlib.import_module("_child.frameworks.starlette_stack")
    starlette.install(PROBE, None)
    return module


async def main() -> None:
    child = load_child()
    out: dict[str, Any] = {}
    for inside in (False, True):
        for name, make in SHAPES.items():
            app = make()
            key = name + ("!inside" if inside else "")
            before = dict(getattr(app, "__dict__", {}))
            out[key] = await visit(child, name, app, inside)
            out[key]["again"] = (await visit(child, name, app, inside))["boundaries"] == out[key]["boundaries"]
            after = dict(getattr(app, "__dict__", {}))
            out[key]["same_attributes"] = all(after[k] is before[k] for k in before if k != "middleware_stack")
    print(json.dumps(out))


if __name__ == "__main__":
    asyncio.run(main())
