"""Starlette and FastAPI: the probe, and the observation of WebSocket objects from outside.

Classes are patched, never module names, and only once the target has imported the framework. State reads stay plain
instance reads: the descriptors define ``__set__`` alone.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, Dict, Optional

from ..chain import chains
from ..components import Component
from ..lane import Failed, perform
from ..passage import cross_to_object
from ..recorder import Run, current_run, watch
from ..wire import describe_exception, encode
from . import starlette_handlers as handlers
from . import starlette_routes as routes
from . import starlette_stack as stack
from .made import note_raised, observe_made, place_of

NAME = "starlette"
# Starlette's WebSocket does all that the app lane can ask for.
OPERATIONS = None
discover, inside, is_application = routes.discover, stack.inside, stack.is_application

_ENDPOINT = Component({"name": "the WebSocket object of the endpoint", "file": "", "line": 0}, entry=False)
# The modules in which the framework makes the WebSocket that an endpoint is given.
ENDPOINT_MAKERS = ("starlette.routing", "fastapi.routing", "starlette.endpoints")


def loaded() -> bool:
    """Whether the target has imported Starlette."""
    return "starlette.websockets" in sys.modules and "starlette.routing" in sys.modules


def versions() -> Dict[str, str]:
    """Name and version of the framework that the target uses."""
    fastapi, starlette = sys.modules.get("fastapi"), sys.modules.get("starlette")
    out = {"name": "starlette", "version": getattr(starlette, "__version__", "?")}
    if fastapi is not None:
        out = {"name": "fastapi", "version": getattr(fastapi, "__version__", "?"), "starlette": out["version"]}
    return out


class _StateSlot:
    """A data descriptor that sees every assignment of a state and no read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __set__(self, instance: Any, value: Any) -> None:
        values = instance.__dict__
        old = values.get(self.name)
        values[self.name] = value
        run: Optional[Run] = values.get("_asgi_conformance_run")
        if run is not None and not run.light:
            run.observe(
                "framework",
                "state",
                {"attribute": self.name, "old": _number(old), "new": _number(value), "step": run.step},
            )


def _number(state: Any) -> Any:
    value = getattr(state, "_value_", state)  # an enumeration's ``value`` is a slow property
    return value if value is None or isinstance(value, (int, str)) else repr(value)


def install(probe_path: str, target: Any) -> None:
    """Patch the framework's classes: observation of every WebSocket, boundaries between all middleware, the probe."""
    websockets = sys.modules["starlette.websockets"]
    _observe_websocket(websockets.WebSocket)
    observe_made(websockets.WebSocketDisconnect, note_raised)
    _observe_refusals()
    stack.install(functools.partial(_inject_probe, probe_path))
    stack.find_wrappers(target)
    handlers.install()


def _observe_websocket(cls: Any) -> None:
    original = cls.__init__
    cls.client_state = _StateSlot("client_state")
    cls.application_state = _StateSlot("application_state")

    @functools.wraps(original)
    def __init__(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        if run is not None and sys._getframe(1).f_globals.get("__name__") in ENDPOINT_MAKERS:
            run.objects += 1
            if run.objects == 1:
                self.__dict__["_asgi_conformance_run"] = run
                receive, send = cross_to_object(run, _ENDPOINT, receive, send)
                receive, send = watch(run, "inner", receive, send)
        original(self, scope, receive, send)

    cls.__init__ = __init__


def _observe_refusals() -> None:
    """Note why the framework itself refuses a connection: a parameter that is missing, or a dependency that raises."""
    places = (
        ("fastapi.exceptions", "WebSocketRequestValidationError"),
        ("starlette.exceptions", "WebSocketException"),
        ("starlette.exceptions", "HTTPException"),
    )
    for module, name in places:
        cls = getattr(sys.modules.get(module), name, None)
        if cls is not None:
            observe_made(cls, _note_refused)


def _note_refused(run: Run, exc: Any, frame: Any) -> None:
    data: Dict[str, Any] = {"exc": describe_exception(exc), "at": place_of(frame)}
    for name in ("code", "status_code", "reason", "detail"):
        if hasattr(exc, name):
            data[name] = encode(getattr(exc, name))
    if hasattr(exc, "errors"):
        found = exc.errors() if callable(exc.errors) else exc.errors
        data["missing"] = [[str(part) for part in error.get("loc", ())] for error in found]
    run.observe("framework", "refused", data)


def _inject_probe(probe_path: str, router: Any, scope: Any) -> None:
    """Put the probe into a router that a connection to it has reached, unless a mount or a host leads further."""
    if scope["path"].endswith(probe_path):
        path = _route_path(scope)
        if router.__dict__.get("_asgi_conformance_probe") == path:
            return
        if path.endswith(probe_path) and not _leads_further(router, scope, path == probe_path):
            _add_route(router, path)


def _route_path(scope: Any) -> str:
    path: str = scope["path"]
    try:
        from starlette._utils import get_route_path  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return path
    return str(get_route_path(scope))


def _leads_further(router: Any, scope: Any, here: bool) -> bool:
    """Whether a mount or host of this router takes the path to another router.

    ``here``: the path is the probe's own. A mount at the root then leads further only from a router that does nothing
    but lead on: a page or an interface mounted there is not the application.
    """
    routing = sys.modules["starlette.routing"]
    leading = [route for route in router.routes if isinstance(route, (routing.Mount, routing.Host))]
    if here and len(leading) < len(router.routes):
        leading = [route for route in leading if isinstance(route, routing.Host)]
    return any(
        route.matches(scope)[0] is not routing.Match.NONE and bool(chains(route.app, routes.is_end))
        for route in leading
    )


def _add_route(router: Any, path: str) -> None:
    router._asgi_conformance_probe = path
    websocket = sys.modules["starlette.websockets"].WebSocket
    run = current_run.get()

    async def conformance_probe(websocket: Any) -> None:
        run = current_run.get()
        if run is not None:
            await perform(run, StarletteConnection(websocket))

    conformance_probe.__annotations__ = {"websocket": websocket}
    if run is not None and run.inside:
        # A plain route: the dependencies of a FastAPI application do not run.
        router.routes.append(sys.modules["starlette.routing"].WebSocketRoute(path, conformance_probe))
    elif hasattr(router, "add_api_websocket_route"):
        prefix = getattr(router, "prefix", "")
        router.add_api_websocket_route(path[len(prefix) :] if prefix else path, conformance_probe)
    else:
        router.add_websocket_route(path, conformance_probe)
    router.routes.insert(0, router.routes.pop())


class StarletteConnection:
    """The app lane's operations on Starlette's WebSocket, through its public methods alone."""

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket

    def states(self) -> Dict[str, Any]:
        """Both public states, as their values."""
        return {
            "client_state": _number(self.websocket.client_state),
            "application_state": _number(self.websocket.application_state),
        }

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what the framework raises."""
        websocket = self.websocket
        if op == "accept":
            headers = args.get("headers")
            if headers is not None:
                args["headers"] = [(bytes(name), bytes(value)) for name, value in headers]
            return await websocket.accept(**args)
        if op == "deny":
            return await websocket.send_denial_response(_response(**args))
        if op == "iterate":
            return await self._iterate(**args)
        method = getattr(websocket, op, None)
        if method is None or op.startswith("_"):
            raise Failed("Starlette's WebSocket has no " + op)
        return await method(**args)

    async def _iterate(self, kind: str, limit: int = 0) -> Any:
        items = []
        async for item in getattr(self.websocket, "iter_" + kind)():
            items.append(item)
            if limit and len(items) >= limit:
                break
        return items


def _response(status: int, headers: Any = (), chunks: Any = (b"",)) -> Any:
    from starlette import responses  # type: ignore[import-not-found,unused-ignore]

    pairs = [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in headers]
    fields = dict(reversed(pairs))
    if len(chunks) == 1:
        response = responses.Response(chunks[0], status_code=status, headers=fields)
    else:
        response = responses.StreamingResponse(_one_by_one(chunks), status_code=status, headers=fields)
    for index, (name, value) in enumerate(pairs):
        # A mapping holds a name once; what comes behind the first of a name is appended, as for cookies.
        if name in [before for before, _ in pairs[:index]]:
            response.headers.append(name, value)
    return response


async def _one_by_one(chunks: Any) -> Any:
    for chunk in chunks:
        yield chunk
