"""BlackSheep's WebSocket routes: read from an application's router, with those of the applications mounted in it."""

from __future__ import annotations

import re
import sys
from typing import Any, Dict, Iterator, List, Tuple

from ..endpoints import describe_endpoint
from .pattern_example import example_of

DEPTH = 12
# An example of each of BlackSheep's own value patterns (its documentation, "Routing").
_EXAMPLES = {"string": "x", "str": "x", "path": "x", "int": "1", "float": "1.5", "uuid": "{uuid}"}
_PARAMETER = re.compile(r"/(?::(?P<colon>[^/]+)|<(?P<angle>[^>]+)>|\{(?P<brace>[^}]+)\})|\*")
# The handlers as they were written, before middleware is put round them: route id to route (held) and handler.
_written: Dict[int, Tuple[Any, Any]] = {}


def remember(router: Any) -> None:
    """Note each handler of a router before the application wraps it."""
    with_methods = getattr(router, "iter_with_methods", None)  # 2.0 has none
    for route in router if with_methods is None else [route for _, route in with_methods()]:
        _written.setdefault(id(route), (route, route.handler))


def written(route: Any) -> Any:
    """A route's handler as its author wrote it."""
    return _written.get(id(route), (None, route.handler))[1]


def described(route: Any) -> Dict[str, Any]:
    """The handler of a route as data."""
    return describe_endpoint(written(route))


def matching(app: Any, path: str) -> Any:
    """The route that takes a WebSocket to this path, None where none does."""
    raw = path.encode("utf-8")
    return next((route for route in app.router.routes.get(b"GET_WS", ()) if route.match_by_path(raw)), None)


def discover(app: Any, prefix: str = "", depth: int = 0) -> List[Dict[str, Any]]:
    """Every WebSocket route of an application and of those mounted in it (PROTOCOL.md, ``routes``)."""
    if depth > DEPTH:
        return []
    found = [_describe(route, prefix) for route in _routes(app) if route.handler.__name__ != "conformance_probe"]
    for mounted in getattr(getattr(app, "mount_registry", None), "mounted_apps", ()):
        if isinstance(mounted.handler, sys.modules["blacksheep.server.application"].Application):
            below = mounted.pattern.decode("utf-8").rstrip("/*")
            found += discover(mounted.handler, prefix + below, depth + 1)
    return found


def _routes(app: Any) -> Iterator[Any]:
    """Those in use, and those that are still to be put in use when the application starts."""
    yield from app.router.routes.get(b"GET_WS", ())
    for method, route in getattr(app.router, "registered_routes", ()):
        if method == "GET_WS":
            yield route


def _describe(route: Any, prefix: str) -> Dict[str, Any]:
    params: Dict[str, str] = {}
    pattern = prefix + route.pattern.decode("utf-8")

    def placed(match: Any) -> str:
        told = match["colon"] or match["angle"] or match["brace"] or "path:tail"
        kind, _, name = told.rpartition(":")
        params[name] = _EXAMPLES.get(kind or "str") or example_of(route.value_patterns.get(kind, "x")) or "x"
        return ("" if match[0] == "*" else "/") + "{" + name + "}"

    url = _PARAMETER.sub(placed, pattern)
    out = {"path": pattern, "url": url, "host": "", "params": params, "kind": "blacksheep", "required": {}}
    out.update(described(route))
    return out
