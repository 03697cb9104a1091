"""Applications that serve WebSockets without a router that could be asked: GraphQL, Engine.IO, an author's own.

What such an application answers to is only known where its kind is; of any other it is only known that it looks at
WebSocket connections, because its code names them.
"""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any, Callable, Dict, Iterator, List

from .chain import chains
from .endpoints import describe_endpoint

# Wrappers that look at WebSocket connections only to turn them away.
_REFUSING = ("a2wsgi", "starlette", "fastapi", "asgiref")
_ENGINEIO = "engineio.async_drivers.asgi.ASGIApp"
_SOCKETIO = "socketio.asgi.ASGIApp"


def leaves(app: Any, prefix: str, is_end: Callable[[Any], bool]) -> Iterator[Dict[str, Any]]:
    """The routes (PROTOCOL.md, ``routes``) that such applications serve, as far as ``app`` leads to them.

    ``prefix``: the path to ``app``, '' where it is the target itself, whose path is unknown unless its kind is known.
    ``is_end``: what is an application or router of a framework; behind one, nothing is looked for.
    """
    known = [way[-1] for way in chains(app, lambda value: is_end(value) or _is(value, _ENGINEIO))]
    for value in known:
        if _is(value, _ENGINEIO):
            yield _of_engineio(value, prefix)
    if prefix and not known:
        for way in chains(app, lambda value: is_end(value) or looks_at_websockets(value))[:1]:
            if not is_end(way[-1]):
                yield _leaf(way[-1], prefix + "/")


def looks_at_websockets(value: Any) -> bool:
    """Whether a callable of ASGI's form names WebSocket connections in its code, other than to refuse them all."""
    call = value if inspect.isfunction(value) else inspect.getattr_static(type(value), "__call__", None)
    if isinstance(value, functools.partial) or not inspect.isfunction(call):
        return False
    call = inspect.unwrap(call)
    if str(getattr(call, "__module__", "")).split(".")[0] in _REFUSING:
        return False
    return call.__code__.co_argcount >= 3 and any(constant == "websocket" for constant in _constants(call.__code__))


def _constants(code: types.CodeType) -> Iterator[Any]:
    pending: List[Any] = list(code.co_consts)
    while pending:
        value = pending.pop()
        if isinstance(value, (tuple, frozenset)):
            pending += value
        elif isinstance(value, types.CodeType):
            pending += value.co_consts
        else:
            yield value


def _is(value: Any, name: str) -> bool:
    return any("{}.{}".format(kind.__module__, kind.__qualname__) == name for kind in type(value).__mro__)


def _leaf(app: Any, path: str) -> Dict[str, Any]:
    return dict(describe_endpoint(app), path=path, url=path)


def _of_engineio(app: Any, prefix: str) -> Dict[str, Any]:
    """Its path counts from the root or, in some subclasses, from the mount; its query and first message are fixed."""
    own = app.engineio_path or "/"
    route = _leaf(app, own if own.startswith(prefix + "/") else prefix + own)
    route["query"] = "EIO=4&transport=websocket"
    route["messages"] = ["40"] if _is(app, _SOCKETIO) else []
    return route
