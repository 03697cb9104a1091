"""Litestar's stack for a route: the middleware and guards above the probe, and what Litestar logs of a handler."""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable, List

from ..components import Component, describe_component
from ..endpoints import describe_escape
from ..passage import mark
from ..recorder import Run, current_run
from .litestar_routes import PROBE


def install() -> None:
    """Patch how a handler's middleware and guards are found, and the log of exceptions."""
    _divide(sys.modules["litestar.handlers.base"].BaseRouteHandler)
    for name in ("litestar.middleware._internal.exceptions.middleware", "litestar.middleware.exceptions.middleware"):
        cls = getattr(sys.modules.get(name), "ExceptionHandlerMiddleware", None)
        if cls is not None:
            _observe_logging(cls)
            break


def _divide(cls: Any) -> None:
    """A boundary above each middleware of the probe's route; none of it, and no guard, where the probe is inside."""
    middleware, guards = cls.resolve_middleware, cls.resolve_guards

    @functools.wraps(middleware)
    def resolve_middleware(self: Any) -> Any:
        found = middleware(self)
        if not _is_probe(self):
            return found
        # Litestar builds the innermost first.
        return [] if _inside() else [_marking(entry, place == 0) for place, entry in enumerate(found)]

    @functools.wraps(guards)
    def resolve_guards(self: Any) -> Any:
        return [] if _is_probe(self) and _inside() else guards(self)

    cls.resolve_middleware, cls.resolve_guards = resolve_middleware, resolve_guards


def _is_probe(handler: Any) -> bool:
    return getattr(getattr(handler, "_fn", None), "__name__", "") == PROBE


def _inside() -> bool:
    run = current_run.get()
    return run is not None and run.inside


def _marking(entry: Any, innermost: bool) -> Callable[..., Any]:
    """The entry as Litestar calls it, with what it builds marked, and what Litestar has below all of them."""
    known: List[Any] = [entry]
    if hasattr(entry, "__iter__"):
        known = [entry[0]]
    component = Component(describe_component(getattr(known[0], "middleware", known[0])), entry=True)

    def build(app: Any) -> Any:
        if innermost:
            app = mark(app, Component(describe_component(app), entry=False))
        if hasattr(entry, "__iter__"):
            return mark(entry[0](app=app, **entry[1]), component)
        return mark(entry(app=app), component)

    return build


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


def _deliberate(exc: BaseException) -> bool:
    """Whether an exception is how a guard or a handler says that it refuses."""
    known = sys.modules["litestar.exceptions"]
    return isinstance(exc, (known.HTTPException, known.WebSocketException)) and not isinstance(
        exc, known.WebSocketDisconnect
    )


class _Heard:
    """A logging configuration whose handler for exceptions is observed."""

    def __init__(self, config: Any, run: Run) -> None:
        self._config = config
        self._run = run

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._config, name)
        exc = sys.exc_info()[1]
        if name != "exception_logging_handler" or value is None or exc is None or _deliberate(exc):
            return value
        escape = describe_escape(exc)

        def handler(*args: Any, **kwargs: Any) -> Any:
            self._run.observe("route", "escaped", {"exc": escape})
            return value(*args, **kwargs)

        return handler
