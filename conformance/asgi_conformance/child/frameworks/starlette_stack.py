"""Where a connection passes through Starlette and FastAPI: their own entry points, and the middleware between them.

Applications, routers, mounts and routes are seen as they are entered, whenever they were built. The entries of a
middleware stack are marked as it is built; wrappers elsewhere are found by looking for the way to the next router.
"""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from typing import Any, Callable, Dict, List, Sequence, Set

from ..chain import chains
from ..components import Component, component_of, describe_component, is_framework, own_call
from ..passage import enter, mark, mark_chain, mark_of
from ..recorder import Run, current_run
from .starlette_routes import is_end, reached

# The innermost part of an application's stack, below all of its user's middleware, by the application's id.
_cores: Dict[int, Any] = {}
_tails: Dict[int, Sequence[Component]] = {}
# All whose ids stand here: another object may get the id of one that is gone.
_kept: List[Any] = []
# The class, if any, that puts a ``__call__`` of its own round the application's.
_own_calls: Dict[type, Any] = {}
# Applications whose stack has its entries marked.
_divided: Set[int] = set()


def install(on_router: Callable[[Any, Any], None]) -> None:
    """Patch the entry points. ``on_router(router, scope)`` is called before a run's connection is routed."""
    routing = sys.modules["starlette.routing"]
    applications = sys.modules.get("starlette.applications")
    if applications is not None:
        _watch_application(applications.Starlette)
    _watch_router(routing.Router, on_router)
    for cls in (routing.Mount, routing.Host):
        _watch_mount(cls)
    _watch_route(routing.WebSocketRoute)


def is_application(value: Any) -> bool:
    """Whether an object is the framework's own application or router, with nothing of its author's round the call."""
    applications = sys.modules.get("starlette.applications")
    return is_end(value) and (applications is None or own_call(value, applications.Starlette) is None)


def find_wrappers(target: Any) -> None:
    """Mark what lies round the application, as far as the target's objects show it."""
    for chain in chains(target, is_end):
        mark_chain(chain, root=target)


def inside(target: Any) -> Any:
    """The application or router to which the target leads, None where its objects do not show one."""
    found = chains(target, is_end)
    return found[0][-1] if found else None


def _marked(root: Any, end: Callable[[Any], bool] = is_end, end_is_seen: bool = True) -> Sequence[Component]:
    """Mark, once, all that lies between an object and an end; what lies there unseen and is told by nothing else."""
    if id(root) not in _tails:
        _kept.append(root)
        found = chains(root, end)
        tails = [mark_chain(chain, end_is_seen=end_is_seen) for chain in found]
        unknown = [] if end_is_seen else [Component(describe_component(root), entry=True)]
        _tails[id(root)] = tails[0] if tails else unknown
    return _tails[id(root)]


def _via(run: Run, value: Any) -> Sequence[Component]:
    """What lies unseen above one of the framework's objects."""
    found = None if run.inside else mark_of(value)
    return found.via if found is not None else ()


async def _pass(
    run: Run,
    value: Any,
    call: Any,
    scope: Any,
    receive: Any,
    send: Any,
    via: Sequence[Component] = (),
    tail: Sequence[Component] = (),
) -> None:
    """Enter one of the framework's own objects by one of its methods."""
    component, above = component_of(value), run.above
    if not (via or tail) and len(above) < 2 and not (above and above[0].entry):
        # From framework to framework, as most often: no boundary.
        run.above = [component]
        try:
            await call(value, scope, receive, send)
        finally:
            run.above = above
    else:
        await enter(run, component, functools.partial(call, value), scope, receive, send, via, tail)


def _watch_application(cls: Any) -> None:
    call = cls.__call__

    @functools.wraps(call)
    async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if self.middleware_stack is None and self.user_middleware:
            _build(self)
        run = current_run.get() if scope["type"] == "websocket" else None
        if run is None:
            await call(self, scope, receive, send)
            return
        if run.inside:
            core = _core(self)
            if core is not None:
                scope["app"] = self
                await core(scope, receive, send)
                return
        if self.user_middleware and id(self) not in _divided:
            _divide(self)
        via = _via(run, self)
        if type(self) not in _own_calls:
            _own_calls[type(self)] = own_call(self, cls)
        overriding = _own_calls[type(self)]
        if overriding is not None:
            component_of(self, cls)
            if self is not run.target and not run.inside:
                via = (*via, Component(describe_component(overriding), entry=True))
        await _pass(run, self, call, scope, receive, send, via)

    cls.__call__ = __call__


def _build(app: Any) -> None:
    """Build an application's stack as it builds it itself, with every entry marked on its way in."""
    given = app.user_middleware
    entries = list(given)
    components = [Component(_describe_entry(entry), entry=True) for entry in entries]
    marked = [copy.copy(entry) for entry in entries]
    for place, entry in enumerate(marked):
        below = components[place + 1] if place + 1 < len(components) else None
        entry.cls = _marking(entry.cls, below, app)
    app.user_middleware = [_first(entries[0], components[0]), *marked]
    try:
        app.middleware_stack = app.build_middleware_stack()
    finally:
        app.user_middleware = given
    _divided.add(id(app))
    _kept.append(app)


def _divide(app: Any) -> None:
    """Mark the entries of a stack that was built before it could be watched."""
    _divided.add(id(app))
    _kept.append(app)
    own = tuple(entry.cls for entry in app.user_middleware if inspect.isclass(entry.cls))
    for chain in chains(app.middleware_stack, lambda value: value is app.router):
        mark_chain(chain, is_entry=lambda value: isinstance(value, own) or not is_framework(value))


def _describe_entry(entry: Any) -> Dict[str, Any]:
    record = describe_component(entry.cls)
    dispatch = (getattr(entry, "kwargs", None) or getattr(entry, "options", None) or {}).get("dispatch")
    if dispatch is not None:
        # The decorator @app.middleware("http"): the function is what its author knows it by.
        own = describe_component(dispatch)
        record.update(name="{}({})".format(record["name"], own["name"]), file=own["file"], line=own["line"])
    return record


def _marking(cls: Any, below: Any, app: Any) -> Any:
    """The entry's class, which marks what it is given to call before it is given it."""

    def build(*args: Any, **kwargs: Any) -> Any:
        inner = args[0] if args else kwargs["app"]
        if below is None:
            _cores[id(app)] = inner
        inner = mark(inner, below if below is not None else Component(describe_component(inner), entry=False))
        if args:
            return cls(inner, *args[1:], **kwargs)
        return cls(**dict(kwargs, app=inner))

    return build


def _first(entry: Any, component: Component) -> Any:
    """An entry above all others that stands for nothing: it marks the first one and leaves no trace in the stack."""
    first = copy.copy(entry)
    first.cls = lambda app, *args, **kwargs: mark(app, component)
    return first


def _core(app: Any) -> Any:
    """The innermost part of an application's stack; None where its user has put nothing round it."""
    if id(app) in _cores or not app.user_middleware:
        return _cores.get(id(app))
    errors = sys.modules.get("starlette.middleware.exceptions")
    kind = getattr(errors, "ExceptionMiddleware", ())
    found = chains(app.middleware_stack, lambda value: isinstance(value, kind) or value is app.router)
    return found[0][-1] if found else app.router


def _watch_router(cls: Any, on_router: Callable[[Any, Any], None]) -> None:
    call = cls.__call__

    @functools.wraps(call)
    async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            reached(self, scope)
        run = current_run.get() if scope["type"] == "websocket" else None
        if run is None:
            await call(self, scope, receive, send)
            return
        on_router(self, scope)
        stack = getattr(self, "middleware_stack", None)
        tail: Sequence[Component] = ()
        if stack is not None and not (inspect.ismethod(stack) and stack.__self__ is self):
            if run.inside:
                await self.app(scope, receive, send)
                return
            tail = _marked(stack, lambda value: value is self, False)
        await _pass(run, self, call, scope, receive, send, _via(run, self), tail)

    cls.__call__ = __call__


def _watch_mount(cls: Any) -> None:
    call = cls.handle

    @functools.wraps(call)
    async def handle(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get() if scope["type"] == "websocket" else None
        if run is None:
            await call(self, scope, receive, send)
            return
        if not is_end(self.app):
            if run.inside:
                app = inside(self.app)
                if app is not None:
                    await app(scope, receive, send)
                    return
            _marked(self.app)
        await _pass(run, self, call, scope, receive, send, _via(run, self))

    cls.handle = handle


def _watch_route(cls: Any) -> None:
    call = cls.handle

    @functools.wraps(call)
    async def handle(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get() if scope["type"] == "websocket" else None
        if run is None:
            await call(self, scope, receive, send)
            return
        tail: Sequence[Component] = ()
        if self.app is not self.endpoint and not _makes_websockets(self.app):
            tail = _marked(self.app, lambda value: value is self.endpoint or _makes_websockets(value), False)
        await _pass(run, self, call, scope, receive, send, _via(run, self), tail)

    cls.handle = handle


def _makes_websockets(value: Any) -> bool:
    """Whether a callable is the framework's own, which makes the WebSocket object for an endpoint."""
    return inspect.isfunction(value) and value.__module__ in ("starlette.routing", "fastapi.routing")
