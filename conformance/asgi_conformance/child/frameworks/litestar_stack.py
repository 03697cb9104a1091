"""Litestar's stack for a route: the boundaries between its middleware, the handler below it, and what it logs."""

from __future__ import annotations

import functools
import sys
from typing import Any, Dict, List, Set

from ..chain import chains
from ..components import is_framework
from ..endpoints import describe_endpoint, describe_escape
from ..handlers import observed_handler
from ..passage import mark_chain
from ..recorder import Run, current_run
from .litestar_routes import handler_of

_marked: Set[int] = set()
_kept: List[Any] = []


def install(route: Any) -> None:
    """Patch a WebSocket route's call of its handler, and where Litestar logs the exceptions that it takes."""
    _observe_route(route)
    module = sys.modules.get("litestar.middleware._internal.exceptions.middleware")
    module = module or sys.modules.get("litestar.middleware.exceptions.middleware")
    if hasattr(module, "ExceptionHandlerMiddleware"):
        _observe_logging(getattr(module, "ExceptionHandlerMiddleware"))  # noqa: B009


def mark_routes(app: Any) -> None:
    """Mark the entries of the stack of every WebSocket route that has one."""
    route_kind = sys.modules["litestar.routes"].WebSocketRoute
    for root in _stacks(getattr(app.asgi_router, "root_route_map_node", None)):
        if id(root) in _marked:
            continue
        _marked.add(id(root))
        _kept.append(root)
        for chain in chains(root, lambda value: isinstance(getattr(value, "__self__", None), route_kind)):
            mark_chain(chain, is_entry=lambda value: not is_framework(value))


def _stacks(node: Any) -> List[Any]:
    """What Litestar calls for the WebSocket routes at a node of its routing trie and below."""
    if node is None:
        return []
    found = [entry.asgi_app for key, entry in node.asgi_handlers.items() if key == "websocket"]
    for child in node.children.values():
        found += _stacks(child)
    return found


def _observe_route(cls: Any) -> None:
    call = cls.handle

    @functools.wraps(call)
    async def handle(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        if run is None or run.route is None or run.handled:
            await call(self, scope, receive, send)
        else:
            about = describe_endpoint(handler_of(self))
            await observed_handler(run, functools.partial(call, self), about, scope, receive, send)

    cls.handle = handle


def _observe_logging(cls: Any) -> None:
    """An exception that left a handler is a finding where Litestar logs its traceback, which its settings decide."""
    call = cls.handle_exception_logging

    @functools.wraps(call)
    def handle_exception_logging(self: Any, logger: Any, logging_config: Any, scope: Any) -> None:
        run = current_run.get()
        if run is not None and run.route is not None:
            logging_config = _Heard(logging_config, run)
        call(self, logger, logging_config, scope)

    cls.handle_exception_logging = handle_exception_logging


class _Heard:
    """A logging configuration whose handler for exceptions is observed."""

    def __init__(self, config: Any, run: Run) -> None:
        self._config = config
        self._run = run

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._config, name)
        if name != "exception_logging_handler" or value is None:
            return value
        exc = sys.exc_info()[1]

        def handler(*args: Any, **kwargs: Any) -> Any:
            if exc is not None:
                data: Dict[str, Any] = {"exc": describe_escape(exc)}
                self._run.observe("route", "escaped", data)
            return value(*args, **kwargs)

        return handler
