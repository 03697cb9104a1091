"""Litestar: the probe as a registered handler, its WebSocket and its exceptions observed, its operations."""

from __future__ import annotations

import functools
import sys
from typing import Any, Dict, List, Tuple

from ..lane import Failed, perform
from ..recorder import Run, current_run
from ..wire import describe_exception, encode
from . import litestar_routes as routes
from . import litestar_stack as stack
from .entry import application_in, at_object, find_wrappers, watch_entry
from .made import note_raised, observe_made, place_of
from .versions import version_of

NAME = "litestar"
OPERATIONS: Tuple[str, ...] = ("accept", "receive", "receive_text", "receive_bytes", "receive_json", "iterate")
OPERATIONS += ("send_text", "send_bytes", "send_json", "close")


def loaded() -> bool:
    """Whether the target has imported Litestar."""
    return "litestar.app" in sys.modules and "litestar.routes" in sys.modules


def versions() -> Dict[str, str]:
    """Name and version."""
    return {"name": NAME, "version": version_of("litestar")}


def is_application(value: Any) -> bool:
    """Whether an object is a Litestar application."""
    return isinstance(value, sys.modules["litestar.app"].Litestar)


def inside(target: Any) -> Any:
    """The application within the target."""
    return application_in(target, is_application)


def discover(target: Any) -> List[Dict[str, Any]]:
    """The WebSocket routes of the application within the target (PROTOCOL.md, ``routes``)."""
    app = inside(target)
    return [] if app is None else routes.discover(app, is_application)


def install(probe_path: str, target: Any) -> None:
    """Patch Litestar's classes: its entry, its WebSocket, its exceptions, and how a route's stack is built."""
    exceptions = sys.modules["litestar.exceptions"]
    watch_entry(sys.modules["litestar.app"].Litestar, functools.partial(_inject_probe, probe_path), _handler_of)
    _observe_websocket(sys.modules["litestar.connection"].WebSocket)
    observe_made(exceptions.WebSocketException, _note_raised_or_refused)
    observe_made(exceptions.HTTPException, _note_refused)
    stack.install()
    find_wrappers(target, is_application)


def _handler_of(app: Any, scope: Any) -> Dict[str, Any]:
    return routes.handler_at(app, routes.path_in(app, scope), is_application)


def _inject_probe(probe_path: str, app: Any, scope: Any) -> None:
    """Register the probe where the connection's path is the probe's and the application has none there yet."""
    path = routes.path_in(app, scope)
    if not path.endswith(probe_path) or any(route.path == path for route in app.routes):
        return
    if routes.leads_further(app, path, is_application):
        return
    websocket = sys.modules["litestar"].websocket

    async def conformance_probe(socket: Any) -> None:
        run = current_run.get()
        if run is not None:
            await perform(run, LitestarConnection(socket))

    conformance_probe.__annotations__ = {"socket": sys.modules["litestar.connection"].WebSocket, "return": None}
    app.register(websocket(path)(conformance_probe))


def _observe_websocket(cls: Any) -> None:
    original = cls.__init__

    @functools.wraps(original)
    def __init__(self: Any, scope: Any, *args: Any, **kwargs: Any) -> None:
        run = current_run.get()
        if run is not None and not run.objects and _for_a_handler():
            run.objects = 1
            receive, send = (*args, *(kwargs.pop(name) for name in ("receive", "send")[len(args) :]))
            args = at_object(run, receive, send)
        original(self, scope, *args, **kwargs)

    cls.__init__ = __init__


def _for_a_handler() -> bool:
    """Whether the object is made for a route's handler, be it of Litestar's class or of one derived from it."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code.co_name == "__init__":
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") == "litestar.routes.websocket"


def _note_raised_or_refused(run: Run, exc: Any, frame: Any) -> None:
    disconnect = isinstance(exc, sys.modules["litestar.exceptions"].WebSocketDisconnect)
    (note_raised if disconnect else _note_refused)(run, exc, frame)


def _note_refused(run: Run, exc: Any, frame: Any) -> None:
    data: Dict[str, Any] = {"exc": describe_exception(exc), "at": place_of(frame)}
    for name in ("code", "status_code", "detail"):
        if hasattr(exc, name):
            data[name] = encode(getattr(exc, name))
    extra = getattr(exc, "extra", None)
    missing = [one for one in extra if isinstance(one, dict)] if isinstance(extra, list) else []
    places = [[str(one.get("source", "")), str(one["key"])] for one in missing if one.get("key") and one.get("source")]
    if places:
        data["missing"] = places
    run.observe("framework", "refused", data)


class LitestarConnection:
    """The app lane's operations on Litestar's WebSocket, through its public methods alone."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def states(self) -> Dict[str, Any]:
        """The public state."""
        return {"connection_state": self.socket.connection_state}

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what the framework raises."""
        if op not in OPERATIONS:
            raise Failed("Litestar's WebSocket has no " + op)
        if op == "accept":
            if "subprotocol" in args:
                args["subprotocols"] = args.pop("subprotocol")
            if "headers" in args:
                args["headers"] = [(bytes(name), bytes(value)) for name, value in args["headers"] or ()]
        if op == "iterate":
            return await self._iterate(**args)
        return await getattr(self.socket, op)(**args)

    async def _iterate(self, kind: str, limit: int = 0) -> Any:
        items = []
        modes = {"text": "text", "bytes": "binary"}
        source = self.socket.iter_json() if kind == "json" else self.socket.iter_data(modes[kind])
        async for item in source:
            items.append(item)
            if limit and len(items) >= limit:
                break
        return items
