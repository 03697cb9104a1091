"""Litestar: the probe as a registered handler, its WebSocket observed, its routes read from the application."""

from __future__ import annotations

import functools
import sys
from typing import Any, Dict, List

from ..endpoints import describe_endpoint
from ..handlers import observed_handler
from ..lane import Failed, perform
from ..recorder import current_run
from ..wire import describe_exception
from .entry import application_in, at_object, find_wrappers, watch_entry
from .versions import version_of

NAME = "litestar"
OPERATIONS = ("accept", "receive_text", "receive_bytes", "receive_json", "iterate")
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


def install(probe_path: str, target: Any) -> None:
    """Patch Litestar's classes: its entry, its WebSocket, its disconnect exception, and the call of a route's handler."""
    watch_entry(sys.modules["litestar.app"].Litestar, functools.partial(_inject_probe, probe_path))
    _observe_websocket(sys.modules["litestar.connection"].WebSocket)
    _observe_raised(sys.modules["litestar.exceptions"].WebSocketDisconnect)
    _observe_route(sys.modules["litestar.routes"].WebSocketRoute)
    find_wrappers(target, is_application)


def _inject_probe(probe_path: str, app: Any, scope: Any) -> None:
    """Register the probe where the connection's path is the probe's and the application has none there yet."""
    path: str = scope["path"]
    if not path.endswith(probe_path) or any(route.path == path for route in app.routes):
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
        maker = sys._getframe(1).f_globals.get("__name__")
        if run is not None and maker == "litestar.routes.websocket" and not run.objects:
            run.objects = 1
            receive, send = (*args, *(kwargs.pop(name) for name in ("receive", "send")[len(args) :]))
            args = at_object(run, receive, send)
        original(self, scope, *args, **kwargs)

    cls.__init__ = __init__


def _observe_raised(cls: Any) -> None:
    original = cls.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        run = current_run.get()
        if run is not None:
            caller = sys._getframe(1)
            name = "{}.{}".format(caller.f_globals.get("__name__"), caller.f_code.co_name)
            run.observe("framework", "raised", {"exc": describe_exception(self), "caller": name, "step": run.step})

    cls.__init__ = __init__


def _observe_route(cls: Any) -> None:
    call = cls.handle

    @functools.wraps(call)
    async def handle(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        if run is None or run.route is None or run.handled:
            await call(self, scope, receive, send)
        else:
            about = describe_endpoint(self.route_handler.fn)
            await observed_handler(run, functools.partial(call, self), about, scope, receive, send)

    cls.handle = handle


def discover(target: Any) -> List[Dict[str, Any]]:
    """The WebSocket routes of the application within the target (PROTOCOL.md, ``routes``)."""
    app = inside(target)
    kind = sys.modules["litestar.routes"].WebSocketRoute
    found = []
    for route in app.routes if app is not None else ():
        if isinstance(route, kind) and route.route_handler.fn.__name__ != "conformance_probe":
            found.append(_describe(route))
    return found


# An example of each type of path parameter that Litestar converts (litestar.dev, "Path Parameters").
_EXAMPLES = {"int": "1", "float": "1.5", "decimal": "1.5", "uuid": "{uuid}", "date": "2026-01-01"}
_EXAMPLES.update(datetime="2026-01-01T00:00:00", time="12:00:00", timedelta="1", path="x", str="x")


def _describe(route: Any) -> Dict[str, Any]:
    params, url = {}, []
    for part in route.path_components:
        if isinstance(part, str):
            url.append(part)
        else:
            kind = getattr(part.type, "__name__", "str").lower()
            params[part.name] = _EXAMPLES.get(kind, "x")
            url.append("{" + part.name + "}")
    out = {"path": route.path, "url": "/" + "/".join(url), "host": "", "params": params, "kind": NAME, "required": {}}
    out.update(describe_endpoint(route.route_handler.fn))
    return out


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
        socket = self.socket
        if op == "accept":
            given = {}
            if args.get("subprotocol") is not None:
                given["subprotocols"] = args["subprotocol"]
            if args.get("headers"):
                pairs = [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in args["headers"]]
                given["headers"] = dict(pairs)
            return await socket.accept(**given)
        if op == "iterate":
            return await self._iterate(**args)
        if op in ("send_json", "receive_json") and "mode" in args:
            return await getattr(socket, op)(*[args[key] for key in ("data",) if key in args], mode=args["mode"])
        return await getattr(socket, op)(**args)

    async def _iterate(self, kind: str, limit: int = 0) -> Any:
        items = []
        source = self.socket.iter_json() if kind == "json" else self.socket.iter_data("binary" if kind == "bytes" else "text")
        async for item in source:
            items.append(item)
            if limit and len(items) >= limit:
                break
        return items
