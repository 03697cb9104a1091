"""BlackSheep: the probe as a route of its router, its WebSocket observed, and what leaves its handlers."""

from __future__ import annotations

import copy
import functools
import sys
from typing import Any, Dict, List

from ..endpoints import describe_escape
from ..handlers import observed_handler
from ..lane import Failed, perform
from ..recorder import Run, current_run
from ..wire import describe_exception
from . import blacksheep_routes as routes
from .entry import application_in, at_object, find_wrappers, watch_entry
from .made import note_raised, observe_made
from .versions import version_of

NAME = "blacksheep"
_RECEIVING = ("receive", "receive_text", "receive_bytes", "receive_json")
OPERATIONS = ("accept", *_RECEIVING, "send_text", "send_bytes", "send_json", "close")
_MODES = {"text": "TEXT", "binary": "BYTES"}


def loaded() -> bool:
    """Whether the target has imported BlackSheep's server side."""
    return hasattr(sys.modules.get("blacksheep.server.application"), "Application")


def versions() -> Dict[str, str]:
    """Name and version."""
    return {"name": NAME, "version": version_of("blacksheep")}


def is_application(value: Any) -> bool:
    """Whether an object is a BlackSheep application."""
    return isinstance(value, sys.modules["blacksheep.server.application"].Application)


def inside(target: Any) -> Any:
    """The application within the target."""
    return application_in(target, is_application)


def discover(target: Any) -> List[Dict[str, Any]]:
    """The WebSocket routes of the application within the target (PROTOCOL.md, ``routes``)."""
    app = inside(target)
    return [] if app is None else routes.discover(app)


def install(probe_path: str, target: Any) -> None:
    """Patch BlackSheep's classes: its entry, its WebSocket, its exception, and how a route's handler is found."""
    application = sys.modules["blacksheep.server.application"].Application
    websocket = sys.modules["blacksheep.server.websocket"]
    watch_entry(application, functools.partial(_inject_probe, probe_path))
    _observe_start(application)
    _observe_websocket(websocket.WebSocket)
    observe_made(websocket.WebSocketDisconnectError, note_raised)
    _observe_match(sys.modules["blacksheep.server.routing"].Router)
    _observe_entry(application)
    find_wrappers(target, is_application)


def _path(scope: Any) -> str:
    """The path below what the application is mounted at."""
    path, root = str(scope["path"]), str(scope.get("root_path") or "")
    return path[len(root) :] or "/" if root and path.startswith(root) else path


def _inject_probe(probe_path: str, app: Any, scope: Any) -> None:
    """Add the probe's route where a connection to it reaches the application, behind its middleware."""
    path = _path(scope)
    if not path.endswith(probe_path) or app.__dict__.get("_asgi_conformance_probe") == path:
        return
    routing = sys.modules["blacksheep.server.routing"]
    app._asgi_conformance_probe = path

    async def conformance_probe(websocket: Any) -> None:
        run = current_run.get()
        if run is not None:
            await perform(run, BlackSheepConnection(websocket))

    route = routing.Route(path, conformance_probe)
    run = current_run.get()
    if app.started and not (run is not None and run.inside):
        # What an application does with the handlers that it knows as it starts.
        chain = sys.modules["blacksheep.server.application"].get_middlewares_chain
        route.handler = chain(app.middlewares, conformance_probe)
    app.router.routes[b"GET_WS"].insert(0, route)
    forget = getattr(type(app.router).get_match_by_method_and_path, "cache_clear", None)
    if forget is not None:
        forget()


def _observe_start(cls: Any) -> None:
    normalize = cls.normalize_handlers

    @functools.wraps(normalize)
    def normalize_handlers(self: Any) -> Any:
        routes.remember(self.router)
        return normalize(self)

    cls.normalize_handlers = normalize_handlers


def _observe_entry(cls: Any) -> None:
    """The boundary ``route``: where the application has decided that a WebSocket is its own to handle."""
    call = cls._handle_websocket

    @functools.wraps(call)
    async def _handle_websocket(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        route = None
        if run is not None and run.route is not None and not run.handled:
            route = routes.matching(self, _path(scope))
        if route is None:
            await call(self, scope, receive, send)
        else:
            assert run is not None
            about = routes.described(route)
            await observed_handler(run, functools.partial(call, self), about, scope, receive, send)

    cls._handle_websocket = _handle_websocket


def _observe_match(cls: Any) -> None:
    """What leaves a handler is taken and logged by the application: see it as it leaves."""
    find = cls.get_match_by_method_and_path

    @functools.wraps(find)
    def get_match_by_method_and_path(self: Any, method: Any, path: Any) -> Any:
        match = find(self, method, path)
        run = current_run.get()
        if run is not None and match is not None and method in ("GET_WS", b"GET_WS"):
            match = copy.copy(match)  # the original is kept in a cache, for everybody
            match.handler = functools.partial(_handled, run, match.handler)
        return match

    get_match_by_method_and_path.cache_clear = getattr(find, "cache_clear", lambda: None)  # type: ignore[attr-defined]
    cls.get_match_by_method_and_path = get_match_by_method_and_path


async def _handled(run: Run, handler: Any, websocket: Any) -> Any:
    try:
        return await handler(websocket)
    except Exception as exc:
        if run.route is not None:
            run.observe("route", "escaped", {"exc": describe_escape(exc)})
        elif not run.seen.get(("app", "op")):
            leaf = describe_escape(exc)
            at = (leaf["leaves"][0]["frames"] or ["?"])[-1]
            run.observe("framework", "refused", {"exc": describe_exception(exc), "at": at})
        raise


def _observe_websocket(cls: Any) -> None:
    original = cls.__init__

    @functools.wraps(original)
    def __init__(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        maker = sys._getframe(1).f_globals.get("__name__")
        if run is not None and not run.objects and maker == "blacksheep.server.application":
            run.objects = 1
            receive, send = at_object(run, receive, send)
        original(self, scope, receive, send)

    cls.__init__ = __init__


class BlackSheepConnection:
    """The app lane's operations on BlackSheep's WebSocket, through its public methods alone."""

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket

    def states(self) -> Dict[str, Any]:
        """Both public states, as their values."""
        websocket = self.websocket
        return {
            "client_state": websocket.client_state.value,
            "application_state": websocket.application_state.value,
        }

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what the framework raises."""
        if op not in OPERATIONS:
            raise Failed("BlackSheep's WebSocket has no " + op)
        given = dict(args)
        if op == "accept" and given.get("headers") is not None:
            given["headers"] = [(bytes(name), bytes(value)) for name, value in given["headers"]]
        if "mode" in given:
            modes = sys.modules["blacksheep.server.websocket"].MessageMode
            given["mode"] = modes[_MODES[given["mode"]]]
        return await getattr(self.websocket, op)(**given)
