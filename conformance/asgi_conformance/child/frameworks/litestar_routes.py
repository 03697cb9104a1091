"""The WebSocket routes of a Litestar application, with those of applications that are mounted in it."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any, Callable, Dict, Iterator, List

from ..chain import chains
from ..endpoints import describe_endpoint

PROBE = "conformance_probe"
DEPTH = 12
# An example of each type of path parameter that Litestar converts (Litestar documentation, "Path Parameters").
_EXAMPLES = {"int": "1", "float": "1.5", "decimal": "1.5", "uuid": "{uuid}", "date": "2026-01-01"}
_EXAMPLES.update(datetime="2026-01-01T00:00:00", time="12:00:00", timedelta="1", path="x", str="x")


def discover(app: Any, is_application: Callable[[Any], bool], prefix: str = "", depth: int = 0) -> List[Dict[str, Any]]:
    """Every WebSocket route as data, in the order in which the application has them."""
    found: List[Dict[str, Any]] = []
    for route in app.routes:
        if isinstance(route, sys.modules["litestar.routes"].WebSocketRoute):
            if getattr(route.route_handler.fn, "__name__", "") != PROBE:
                found.append(_describe(route, prefix))
        elif depth < DEPTH:
            for inner in _mounted(getattr(route, "route_handler", None), is_application):
                found += discover(inner, is_application, prefix + route.path.rstrip("/"), depth + 1)
    return found


def path_in(app: Any, scope: Any) -> str:
    """The path of a connection as the application routes it."""
    path: str = scope["path"]
    root = scope.get("root_path", "")
    path = path.split(root, maxsplit=1)[-1] if root else path
    return "/" + path.strip("/")


def leads_further(app: Any, path: str, is_application: Callable[[Any], bool]) -> bool:
    """Whether a mount of this application takes the path to another application."""
    for route in app.routes:
        if path.startswith(route.path.rstrip("/") + "/") and route.path != path:
            if next(_mounted(getattr(route, "route_handler", None), is_application), None) is not None:
                return True
    return False


def handler_at(app: Any, path: str, is_application: Callable[[Any], bool], depth: int = 0) -> Dict[str, Any]:
    """The handler that a connection with this path will reach, as `describe_endpoint` has it."""
    try:
        handler, below = app.asgi_router.handle_routing(path=path, method=None)[1:3]
    except Exception:
        return describe_endpoint(app)  # there is none: Litestar refuses
    inner = next(_mounted(handler, is_application), None) if depth < DEPTH else None
    if inner is not None:
        return handler_at(inner, below or "/", is_application, depth + 1)
    return describe_endpoint(handler_of(handler))


def handler_of(handler: Any) -> Any:
    """The function or class that its author knows a route's handler by."""
    fn = handler.fn
    fn = getattr(fn, "_fn", fn)  # what a listener calls with each message
    # A function that is not asynchronous is called through a wrapper.
    fn = getattr(fn, "func", fn)
    if inspect.ismethod(fn) and any(kind.__name__ == "WebsocketListener" for kind in type(fn.__self__).__mro__):
        return type(fn.__self__)
    return fn.func if isinstance(fn, functools.partial) else fn


def _mounted(handler: Any, is_application: Callable[[Any], bool]) -> Iterator[Any]:
    if handler is not None and getattr(handler, "is_mount", False):
        for chain in chains(handler.fn, is_application):
            yield chain[-1]


def _describe(route: Any, prefix: str) -> Dict[str, Any]:
    params, url = {}, []
    for part in route.path_components:
        if isinstance(part, str):
            url.append(part)
        else:
            kind = getattr(part.type, "__name__", "str").lower()
            params[part.name] = _EXAMPLES.get(kind, "x")
            url.append("{" + part.name + "}")
    path = prefix + route.path if route.path != "/" or not prefix else prefix
    out = {"path": path, "url": prefix + "/" + "/".join(url), "host": "", "params": params, "kind": "litestar"}
    out.update(describe_endpoint(handler_of(route.route_handler)), required=_required(route.handler_parameter_model))
    return out


def _required(model: Any) -> Dict[str, List[str]]:
    """The query, header and cookie parameters that Litestar demands before it calls the handler."""
    out: Dict[str, List[str]] = {}
    for kind, name in (("query", "query"), ("headers", "header"), ("cookies", "cookie")):
        expected = getattr(model, "expected_{}_params".format(name), None) or ()
        out[kind] = sorted(str(one.field_alias) for one in expected if one.is_required)
    return out
