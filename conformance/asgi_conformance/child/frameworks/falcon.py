"""Falcon (falcon.asgi): the probe as a resource, connections and exceptions observed, its WebSocket as the app lane."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from typing import Any, Dict, List, Optional, Tuple

from ..components import describe_component
from ..endpoints import describe_escape
from ..lane import Failed, perform
from ..recorder import Run, current_run
from ..wire import describe_exception, encode
from . import falcon_routes as routes
from .entry import application_in, at_object, find_wrappers, watch_entry
from .made import note_raised, observe_made, place_of
from .versions import version_of

NAME = "falcon"
OPERATIONS: Tuple[str, ...] = ("accept", "receive_text", "receive_bytes", "receive_json")
OPERATIONS += ("send_text", "send_bytes", "send_json", "close")
# What the app lane calls by another name.
_METHODS = {"receive_bytes": "receive_data", "receive_json": "receive_media"}
_METHODS.update(send_bytes="send_data", send_json="send_media")


def loaded() -> bool:
    """Whether the target has imported Falcon's ASGI side."""
    return "falcon.asgi" in sys.modules and hasattr(sys.modules["falcon.asgi"], "App")


def versions() -> Dict[str, str]:
    """Name and version."""
    return {"name": NAME, "version": version_of("falcon")}


def is_application(value: Any) -> bool:
    """Whether an object is a Falcon ASGI application."""
    return isinstance(value, sys.modules["falcon.asgi"].App)


def inside(target: Any) -> Any:
    """The application within the target."""
    return application_in(target, is_application)


def discover(target: Any) -> List[Dict[str, Any]]:
    """The WebSocket routes of the application within the target (PROTOCOL.md, ``routes``)."""
    app = inside(target)
    return [] if app is None else routes.discover(app)


def install(probe_path: str, target: Any) -> None:
    """Patch Falcon's classes: its entry, the start of a connection, its exceptions, and how it handles others."""
    app, falcon = sys.modules["falcon.asgi"].App, sys.modules["falcon"]
    watch_entry(app, functools.partial(_inject_probe, probe_path), routes.handler_of)
    _observe_connection(app)
    _observe_handling(app)
    observe_made(falcon.WebSocketDisconnected, note_raised)
    observe_made(falcon.HTTPError, _note_refused)
    find_wrappers(target, is_application)


def _inject_probe(probe_path: str, app: Any, scope: Any) -> None:
    """Add the probe's route where the connection's path is the probe's and the application has none there yet."""
    path: str = scope["path"]
    if path.endswith(probe_path) and not getattr(routes.resource_at(app, path), "is_probe", False):
        app.add_route(path, Probe())


class Probe:
    """The resource of the probe."""

    is_probe = True

    async def on_websocket(self, req: Any, ws: Any, **params: Any) -> None:
        """Perform the app lane of the connection's run."""
        run = current_run.get()
        if run is not None:
            await perform(run, FalconConnection(ws))


def _observe_connection(cls: Any) -> None:
    """All that Falcon's WebSocket receives and sends goes through what this method is given."""
    call = cls._handle_websocket

    @functools.wraps(call)
    async def _handle_websocket(self: Any, ver: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        if run is not None and not run.objects:
            run.objects = 1
            receive, send = at_object(run, receive, send)
        await call(_without_middleware(self) if run is not None and run.inside else self, ver, scope, receive, send)

    cls._handle_websocket = _handle_websocket


def _without_middleware(app: Any) -> Any:
    """The same application for one connection, with none of its middleware."""
    plain = copy.copy(app)
    plain._middleware_ws = ((), ())
    return plain


def _observe_handling(cls: Any) -> None:
    """Which error handler takes what left the responder: the default for any exception logs its traceback."""
    call = cls._handle_exception

    @functools.wraps(call)
    async def _handle_exception(self: Any, req: Any, resp: Any, ex: Any, *args: Any, **kwargs: Any) -> Any:
        run = current_run.get()
        if run is not None and resp is None:
            _note_handling(run, self, self._find_error_handler(ex), ex)
        return await call(self, req, resp, ex, *args, **kwargs)

    cls._handle_exception = _handle_exception


def _note_handling(run: Run, app: Any, handler: Any, exc: Any) -> None:
    record = describe_component(handler) if handler is not None else {"name": "", "layer": "framework"}
    default = record["layer"] == "framework"
    code = app.ws_options.error_close_code
    data = {"exc": describe_exception(exc), "by": record["name"], "default": default, "code": code}
    run.observe("framework", "handled", data)
    if run.route is not None and getattr(handler, "__name__", "") == "_python_error_handler" and _of_the_target(exc):
        run.observe("route", "escaped", {"exc": describe_escape(exc)})


def _of_the_target(exc: Any) -> bool:
    """Whether an exception came out of what Falcon had called, and not out of Falcon's own close at the end."""
    below = exc.__traceback__.tb_next if exc.__traceback__ is not None else None
    return below is not None and not str(below.tb_frame.f_globals.get("__name__", "")).startswith("falcon.asgi.")


def _note_refused(run: Run, exc: Any, frame: Any) -> None:
    detail = getattr(exc, "description", None) or getattr(exc, "title", None)
    data: Dict[str, Any] = {"exc": describe_exception(exc), "at": place_of(frame)}
    data.update(status_code=_status(exc), detail=encode(detail))
    run.observe("framework", "refused", data)


def _status(exc: Any) -> Optional[int]:
    """The HTTP status of an HTTPError; Falcon 3 knows it as a line such as ``403 Forbidden``."""
    try:
        return int(str(getattr(exc, "status_code", None) or exc.status).split(" ")[0].rpartition(".")[2])
    except ValueError:
        return None


class FalconConnection:
    """The app lane's operations on Falcon's WebSocket, through its public methods alone."""

    def __init__(self, ws: Any) -> None:
        self.ws = ws

    def states(self) -> Dict[str, Any]:
        """The public state."""
        return {name: getattr(self.ws, name) for name in ("unaccepted", "ready", "closed")}

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what the framework raises."""
        if op not in OPERATIONS or args.get("mode", "text") != "text":
            raise Failed("Falcon's WebSocket has no {} {}".format(op, args))
        method = getattr(self.ws, _METHODS.get(op, op))
        if op == "accept" and args.get("headers"):
            args["headers"] = [tuple(bytes(part).decode("latin-1") for part in pair) for pair in args["headers"]]
        if op == "close" and "reason" not in inspect.signature(method).parameters:
            args.pop("reason", None)  # before Falcon 4.0 a close had no reason
        # The payload has another name in each of Falcon's methods.
        payload = [args["data"]] if "data" in args else []
        return await method(*payload, **{key: args[key] for key in args if key not in ("data", "mode")})
