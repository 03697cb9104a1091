"""Where a connection enters the application of a framework that Starlette is not: its ASGI method, seen as a layer.

Frameworks that route for themselves have one way in. Their own application class is patched there, never a target's
object; connections that belong to no run pass untouched.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, Optional

from ..chain import chains
from ..components import Component, component_of
from ..handlers import observed_handler
from ..passage import cross_to_object, enter, mark_chain, mark_of
from ..recorder import Run, current_run, watch


def watch_entry(
    cls: Any,
    arrives: Callable[[Any, Any], None],
    handler_of: Optional[Callable[[Any, Any], Dict[str, Any]]] = None,
    method: str = "__call__",
) -> None:
    """Patch an application class's ``method(self, scope, receive, send)``.

    ``arrives(app, scope)`` is called for each connection of a run before the application sees it; here the probe is put
    in. ``handler_of(app, scope)``: the handler that a route case will reach, as `describe_endpoint` has it; with it the
    boundary ``route`` lies at this entry, without it the framework's module puts it where its handlers are called.
    """
    call = getattr(cls, method)

    @functools.wraps(call)
    async def entered(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        run = current_run.get() if scope["type"] == "websocket" else None
        if run is None or id(self) in run.entered:
            return await call(self, scope, receive, send)
        arrives(self, scope)
        app = functools.partial(call, self)
        if handler_of is not None and run.route is not None and not run.handled:
            app = functools.partial(observed_handler, run, app, handler_of(self, scope))
        found = None if run.inside else mark_of(self)
        run.entered.add(id(self))
        try:
            await enter(run, component_of(self), app, scope, receive, send, found.via if found is not None else ())
        finally:
            run.entered.discard(id(self))

    setattr(cls, method, entered)


def find_wrappers(target: Any, is_application: Callable[[Any], bool]) -> None:
    """Mark what lies round the application, as far as the target's objects show it."""
    for chain in chains(target, is_application):
        mark_chain(chain, root=target)


def application_in(target: Any, is_application: Callable[[Any], bool]) -> Any:
    """The application to which the target leads, None where its objects do not show one."""
    found = chains(target, is_application)
    return found[0][-1] if found else None


def at_object(run: Run, receive: Any, send: Any, name: str = "the WebSocket object of the handler") -> Any:
    """The receive and send that the framework's own WebSocket object is given, observed at the boundary ``inner``."""
    receive, send = cross_to_object(run, Component({"name": name, "file": "", "line": 0}, entry=False), receive, send)
    return watch(run, "inner", receive, send)
