"""Sanic under ASGI: the probe as a websocket route, its connections observed, its routes read from the router."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any, Dict, List

from ..endpoints import describe_endpoint, describe_escape
from ..lane import Failed, perform
from ..recorder import current_run
from .entry import application_in, at_object, find_wrappers, watch_entry
from .versions import version_of

NAME = "sanic"
OPERATIONS = ("accept", "receive_text", "receive_bytes", "iterate", "send_text", "send_bytes", "close")
_PROBE = "conformance_probe"
# An example of each type of path parameter (sanic.dev, "Routing").
_EXAMPLES = {"int": "1", "float": "1.5", "uuid": "{uuid}", "ymd": "2026-01-01", "ext": "x.txt", "slug": "x-y"}


def loaded() -> bool:
    """Whether the target has imported Sanic."""
    return "sanic.app" in sys.modules and "sanic.server.websockets.connection" in sys.modules


def versions() -> Dict[str, str]:
    """Name and version."""
    return {"name": NAME, "version": version_of("sanic")}


def is_application(value: Any) -> bool:
    """Whether an object is a Sanic application."""
    return isinstance(value, sys.modules["sanic.app"].Sanic)


def inside(target: Any) -> Any:
    """The application within the target."""
    return application_in(target, is_application)


def install(probe_path: str, target: Any) -> None:
    """Patch Sanic's classes: its entry, its connection, its request middleware, and what it logs of a handler."""
    cls = sys.modules["sanic.app"].Sanic
    watch_entry(cls, functools.partial(_inject_probe, probe_path), _handler_of)
    _observe_connection(sys.modules["sanic.server.websockets.connection"].WebSocketConnection)
    _observe_middleware(cls)
    _observe_logged(sys.modules["sanic.handlers"].ErrorHandler)
    find_wrappers(target, is_application)


def _inject_probe(probe_path: str, app: Any, scope: Any) -> None:
    """Register the probe where the connection's path is the probe's and the application has none there yet."""
    path: str = scope["path"]
    if not path.endswith(probe_path) or any(_path_of(route) == path for route in app.router.routes):
        return
    # What has begun to serve takes no more routes, unless its router is opened again.
    app.router.reset()
    app.add_websocket_route(_probe, path, name="{}_{}".format(_PROBE, len(app.router.routes)))
    app.router.finalize()
    if hasattr(app, "finalize_middleware"):
        app.finalize_middleware()


async def _probe(request: Any, ws: Any, **_: Any) -> None:
    run = current_run.get()
    if run is not None:
        await perform(run, SanicConnection(ws))


def _observe_connection(cls: Any) -> None:
    original = cls.__init__

    @functools.wraps(original)
    def __init__(self: Any, send: Any, receive: Any, *args: Any, **kwargs: Any) -> None:
        run = current_run.get()
        if run is not None and not run.objects:
            run.objects = 1
            receive, send = at_object(run, receive, send)
        original(self, send, receive, *args, **kwargs)

    cls.__init__ = __init__


def _observe_middleware(cls: Any) -> None:
    call = cls._run_request_middleware

    @functools.wraps(call)
    async def _run_request_middleware(self: Any, *args: Any, **kwargs: Any) -> Any:
        run = current_run.get()
        if run is not None and run.inside:
            return None
        answer = await call(self, *args, **kwargs)
        if run is not None and answer is not None:
            exc = {"type": "HTTPResponse", "mro": ["HTTPResponse"], "message": ""}
            run.observe("framework", "refused", {"exc": exc, "at": "a request middleware of the application"})
        return answer

    cls._run_request_middleware = _run_request_middleware


def _observe_logged(cls: Any) -> None:
    """What leaves a handler goes no further than Sanic, which logs its traceback here unless it is a quiet one."""
    call = cls.log

    @functools.wraps(call)
    def log(request: Any, exception: Any) -> Any:
        run = current_run.get()
        if run is not None and run.route is not None and getattr(exception, "quiet", False) is False:
            run.observe("route", "escaped", {"exc": describe_escape(exception)})
        return call(request, exception)

    cls.log = staticmethod(log)


def discover(target: Any) -> List[Dict[str, Any]]:
    """The WebSocket routes of the application within the target (PROTOCOL.md, ``routes``)."""
    app = inside(target)
    routes = app.router.routes if app is not None else ()
    found = [route for route in routes if getattr(route.extra, "websocket", False)]
    return [_describe(route) for route in found if _handler(route) is not _probe]


def _path_of(route: Any) -> str:
    return "/" + str(route.path).lstrip("/")


def _handler(route: Any) -> Any:
    """The handler as its author wrote it: Sanic keeps it as the first argument of a partial."""
    handler = route.handler
    return handler.args[0] if isinstance(handler, functools.partial) and handler.args else handler


def _describe(route: Any) -> Dict[str, Any]:
    path = _path_of(route)
    url = re.sub(r"<([^:<>]+)(?::[^<>]*)?>", r"{\1}", path)
    kinds = re.findall(r"<([^:<>]+)(?::([^=<>]*)[^<>]*)?>", path)
    params = {name: _EXAMPLES.get(kind, "x") for name, kind in kinds}
    hosts = [host for host in getattr(route.extra, "hosts", None) or () if host]
    host = hosts[0] if hosts else ""
    out = {"path": host + path, "url": url, "host": host, "params": params, "kind": NAME, "required": {}}
    out.update(describe_endpoint(_handler(route)))
    return out


def _handler_of(app: Any, scope: Any) -> Dict[str, Any]:
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), None)
    try:
        route = app.router.get(scope["path"], "GET", host)[0]
    except Exception:
        return describe_endpoint(app)  # Sanic answers this one itself
    return describe_endpoint(_handler(route))


class SanicConnection:
    """The app lane's operations on Sanic's websocket, through its public methods alone."""

    def __init__(self, ws: Any) -> None:
        self.ws = ws

    def states(self) -> Dict[str, Any]:
        """Sanic documents no states for ASGI."""
        return {}

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what the framework raises."""
        if op not in OPERATIONS:
            raise Failed("Sanic's websocket has no " + op)
        if op == "accept":
            return None  # Sanic has accepted before it called the handler
        if op in ("receive_text", "receive_bytes"):
            return await self.ws.recv()
        if op in ("send_text", "send_bytes"):
            return await self.ws.send(args["data"])
        if op == "close":
            return await self.ws.close(**args)
        items = []
        async for item in self.ws:
            items.append(item)
            if args.get("limit") and len(items) >= args["limit"]:
                break
        return items
