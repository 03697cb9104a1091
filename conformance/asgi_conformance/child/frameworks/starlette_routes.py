"""The WebSocket routes of a Starlette or FastAPI target: found in its objects, and in every router that was reached.

Nothing is imported that the target has not imported, and nothing is changed: the routes are read as they stand, so it
is right to look again after start-up and after the first connection.
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
import typing
import uuid
from typing import Any, Dict, Iterator, List, Tuple

from ..chain import chains
from ..endpoints import describe_endpoint
from ..leaves import leaves

# How deep mounts may be nested.
DEPTH = 12

# Routers that a connection or the lifespan reached first, each with the path before it.
_reached: Dict[int, Tuple[Any, str, str]] = {}


def reached(router: Any, scope: Any) -> None:
    """Note the outermost router that an event reached: this finds what no object of the target leads to."""
    if "router" not in scope and id(router) not in _reached:
        _reached[id(router)] = (router, str(scope.get("root_path") or ""), scope["type"])


def discover(target: Any) -> List[Dict[str, Any]]:
    """Every WebSocket route as data, in the order in which the target declares them (PROTOCOL.md, ``routes``)."""
    if "starlette.routing" not in sys.modules:
        return []
    roots = [(router, prefix) for router, prefix, kind in _reached.values() if kind == "websocket"]
    known = {id(router) for router, _ in roots}
    roots += [(router, "") for router in _routers(target) if id(router) not in known]
    if not roots:
        roots = [(router, "") for router, _, kind in _reached.values() if kind == "lifespan"]
    found: Dict[str, Dict[str, Any]] = {}
    for router, prefix in roots:
        for route in _walk(router, prefix, "", {}):
            found.setdefault(route["path"], route)
    for route in leaves(target, "", is_end):
        found.setdefault(route["path"], route)
    return list(found.values())


def _walk(
    router: Any, prefix: str, host: str, params: Dict[str, str], above: Tuple[Any, ...] = ()
) -> Iterator[Dict[str, Any]]:
    routing = sys.modules["starlette.routing"]
    if len(above) > DEPTH or any(router is one for one in above):
        return
    for route in _flat(router.routes):
        if isinstance(route, routing.WebSocketRoute):
            if getattr(route.endpoint, "__name__", "") != "conformance_probe":
                yield _describe(route, prefix, host, params)
        elif isinstance(route, (routing.Mount, routing.Host)):
            inside = dict(params, **_examples(route))
            is_mount = isinstance(route, routing.Mount)
            below = prefix + route.path if is_mount else prefix
            if is_mount:
                inside.pop("path", None)
            for inner in _routers(route.app):
                yield from _walk(inner, below, host if is_mount else route.host, inside, (*above, router))
            if is_mount:
                for leaf in leaves(route.app, below, is_end):
                    yield dict(leaf, url=_format(leaf["url"]), host=_format(host), params=inside)


def _flat(routes: Any) -> Iterator[Any]:
    """The routes, with those of FastAPI's lazily included routers as they are in effect."""
    for route in list(routes or ()):
        contexts = getattr(route, "effective_route_contexts", None)
        if contexts is None:
            yield route
        else:
            for context in contexts():
                yield getattr(context, "starlette_route", None) or context.original_route


def _describe(route: Any, prefix: str, host: str, params: Dict[str, str]) -> Dict[str, Any]:
    out: Dict[str, Any] = {
        "path": host + prefix + route.path,
        "url": _format(prefix) + route.path_format,
        "host": _format(host),
        "params": dict(params, **_examples(route)),
        "kind": "fastapi" if hasattr(route, "dependant") else "starlette",
        "required": _required(getattr(route, "dependant", None)),
    }
    out.update(describe_endpoint(route.endpoint))
    return out


def _format(path: str) -> str:
    """A declared path without its convertors: ``/{room:int}`` becomes ``/{room}``."""
    return re.sub(r"{([^}:]+):[^}]*}", r"{\1}", path)


def _examples(route: Any) -> Dict[str, str]:
    hints: Dict[str, Any] = {}
    endpoint = getattr(route, "endpoint", None)
    if inspect.isfunction(endpoint):
        try:
            hints = typing.get_type_hints(endpoint)
        except Exception:
            hints = dict(endpoint.__annotations__)
    convertors = getattr(route, "param_convertors", {})
    return {name: _example(convertor, hints.get(name)) for name, convertor in convertors.items()}


def _example(convertor: Any, hint: Any) -> str:
    """A value that the convertor takes, and the handler too where it names a type; ``{uuid}``: a fresh one."""
    kind = type(convertor).__name__
    of_kind = {"IntegerConvertor": "1", "FloatConvertor": "1.5", "UUIDConvertor": "{uuid}"}
    if kind in of_kind:
        return of_kind[kind]
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return str(next(iter(hint)).value)
    of_type = {int: "1", float: "1.5", bool: "true", uuid.UUID: "{uuid}"}
    wanted = of_type.get(hint, "x") if isinstance(hint, type) else "x"
    regex = str(getattr(convertor, "regex", ".*"))
    if wanted == "{uuid}" and re.fullmatch(regex, str(uuid.uuid4())):
        return wanted
    return next((text for text in (wanted, "x", "1", "a1", "2026-01-01", "en") if re.fullmatch(regex, text)), wanted)


def _required(dependant: Any) -> Dict[str, List[str]]:
    """The query, header and cookie parameters that FastAPI demands before it calls the handler."""
    out: Dict[str, List[str]] = {"query": [], "headers": [], "cookies": []}
    pending = [dependant] if dependant is not None else []
    while pending:
        one = pending.pop()
        pending += list(getattr(one, "dependencies", ()))
        for kind, attribute in (("query", "query_params"), ("headers", "header_params"), ("cookies", "cookie_params")):
            for field in getattr(one, attribute, ()):
                needed = getattr(field, "required", None)
                if needed is None:
                    needed = field.field_info.is_required()
                if needed is True:
                    out[kind].append(str(getattr(field, "alias", "?")))
    return out


def is_end(value: Any) -> bool:
    """Whether an object is an application or a router: what a way leads to."""
    applications, routing = sys.modules.get("starlette.applications"), sys.modules["starlette.routing"]
    if isinstance(value, routing.Router):
        return True
    return applications is not None and isinstance(value, applications.Starlette)


def _routers(target: Any) -> List[Any]:
    """The routers that an application object leads to, nearest first; the search does not go into a router."""
    found: Dict[int, Any] = {}
    for way in chains(target, is_end, names=True):
        router = getattr(way[-1], "router", way[-1])
        found.setdefault(id(router), router)
    return list(found.values())
