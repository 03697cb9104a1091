"""The WebSocket routes of a Starlette or FastAPI target: found in its objects, and in every router that was reached.

Nothing is imported that the target has not imported, and nothing is changed: the routes are read as they stand, so it
is right to look again after start-up and after the first connection.
"""

from __future__ import annotations

import enum
import functools
import inspect
import re
import sys
import types
import typing
import uuid
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ..endpoints import describe_endpoint

# How far the search goes through a target's objects before it gives up, and how deep mounts may be nested.
OBJECTS = 3000
DEPTH = 12
FIRST = ("websocket", "app", "_app", "inner", "application", "asgi_app", "wrapped", "_base_app")
_PLAIN = (str, bytes, int, float, bool, type(None), type, types.ModuleType, re.Pattern)

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
        for route in _walk(router.routes, prefix, "", {}, 0):
            found.setdefault(route["path"], route)
    return list(found.values())


def _walk(routes: Any, prefix: str, host: str, params: Dict[str, str], depth: int) -> Iterator[Dict[str, Any]]:
    routing = sys.modules["starlette.routing"]
    if depth > DEPTH:
        return
    for route in _flat(routes):
        if isinstance(route, routing.WebSocketRoute):
            if getattr(route.endpoint, "__name__", "") != "conformance_probe":
                yield _describe(route, prefix, host, params)
        elif isinstance(route, (routing.Mount, routing.Host)):
            inside = dict(params, **_examples(route))
            is_mount = isinstance(route, routing.Mount)
            below = prefix + route.path if is_mount else prefix
            if is_mount:
                inside.pop("path", None)
            for router in _routers(route.app):
                yield from _walk(router.routes, below, host if is_mount else route.host, inside, depth + 1)


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


def _routers(target: Any) -> List[Any]:
    """The routers that an application object leads to, nearest first; the search does not go into a router."""
    routing = sys.modules["starlette.routing"]
    applications = sys.modules.get("starlette.applications")
    found: List[Any] = []
    seen: typing.Set[int] = set()
    pending: List[Any] = [target]
    while pending and len(seen) < OBJECTS:
        value = pending.pop(0)
        if id(value) in seen or isinstance(value, _PLAIN):
            continue
        seen.add(id(value))
        if applications is not None and isinstance(value, applications.Starlette):
            value = value.router
        if isinstance(value, routing.Router):
            if not any(value is router for router in found):
                found.append(value)
            continue
        try:
            pending += _next(value)
        except Exception:
            continue  # an object that cannot be looked into leads nowhere
    return found


def _next(value: Any) -> List[Any]:
    """What an object holds that may be or lead to an application."""
    if isinstance(value, dict):
        keys = [key for key in FIRST if key in value]
        return [value[key] for key in keys] + [item for key, item in value.items() if key not in keys]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if inspect.ismethod(value):
        return [value.__self__, value.__func__]
    if inspect.isfunction(value):
        return _of_function(value)
    if type(value).__module__.split(".")[0] in ("asyncio", "threading", "logging", "builtins", "concurrent"):
        return []
    held = _attributes(value)
    first = [held.pop(name) for name in FIRST if name in held]
    call = inspect.getattr_static(type(value), "__call__", None)
    return first + list(held.values()) + (_of_function(call) if inspect.isfunction(call) else [])


def _of_function(function: Any) -> List[Any]:
    cells = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    values = [function.__globals__.get(name) for name in function.__code__.co_names]
    # Of what a function names, only what can itself be called leads to an application.
    named = [v for v in values if isinstance(v, dict) or (callable(v) and not inspect.isclass(v))]
    wrapped = getattr(function, "__wrapped__", None)
    return [*cells, *named, wrapped]


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _attributes(value: Any) -> Dict[str, Any]:
    out = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots: Any = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            found: Optional[Any] = getattr(value, name, None)
            if found is not None:
                out.setdefault(name, found)
    return out
