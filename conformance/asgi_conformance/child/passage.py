"""Boundaries inside the application side: one between every two callables on a connection's way.

A callable is observed as it is entered. Instances are entered through their class, whose ``__call__`` is patched and
passes everything on for every other instance: the target's objects keep their types, attributes and identity.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any, Callable, Dict, List, Optional, Sequence, Set

from .components import Component, describe_component, joined, settings_of
from .recorder import Run, current_run, observed, watch


class Mark:
    """An object that is known to lie on the way.

    ``via``: what lies unseen between it and what is seen above it. ``tail``: what lies unseen below it.
    """

    __slots__ = ("component", "value", "via", "tail")

    def __init__(self, value: Any, component: Component, via: Sequence[Component]) -> None:
        self.value = value  # held, so that its id stays its own
        self.component = component
        self.via = tuple(via)
        self.tail: Sequence[Component] = ()


_marks: Dict[int, Mark] = {}
_patched: Set[type] = set()


def mark_of(value: Any) -> Optional[Mark]:
    """The mark of an object, if it has one."""
    return _marks.get(id(value))


def crossing(
    run: Run, component: Component, via: Sequence[Component] = (), tail: Sequence[Component] = ()
) -> Optional[Dict[str, Any]]:
    """The next boundary's ``enter`` data, where one lies before a component: unless both sides are the framework's."""
    above = [*run.above, *via]
    run.above = [component, *tail]
    if not component.entry and not any(one.entry for one in above):
        return None
    run.depth += 1
    return {"component": joined(above) if above else None, "below": component.record}


async def enter(
    run: Run,
    component: Component,
    app: Any,
    scope: Any,
    receive: Any,
    send: Any,
    via: Sequence[Component] = (),
    tail: Sequence[Component] = (),
) -> None:
    """Call ``app``, which is that component, across the boundary that lies before it, if one does."""
    above = run.above
    data = crossing(run, component, via, tail)
    try:
        if data is None:
            await app(scope, receive, send)
        else:
            await observed(run, "asgi:{}".format(run.depth), app, scope, receive, send, data)
    finally:
        run.above = above


def cross_to_object(run: Run, component: Component, receive: Any, send: Any) -> Any:
    """The same receive and send, across the boundary before an object that is given them instead of being called."""
    data = crossing(run, component)
    if data is None:
        return receive, send
    boundary = "asgi:{}".format(run.depth)
    run.observe(boundary, "enter", data)
    return watch(run, boundary, receive, send)


def mark(value: Any, component: Component, via: Sequence[Component] = ()) -> Any:
    """Observe an object from now on whenever it is entered; returns it, or a stand-in where its class refuses."""
    if patch(type(value)):
        component.record.update(settings_of(value))
        _marks[id(value)] = Mark(value, component, via)
        return value

    async def entered(scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get() if scope["type"] == "websocket" else None
        if run is None:
            await value(scope, receive, send)
        else:
            await enter(run, component, value, scope, receive, send, via)

    return functools.wraps(value)(entered) if inspect.isfunction(value) else entered


def mark_chain(
    chain: Sequence[Any],
    root: Any = None,
    end_is_seen: bool = True,
    is_entry: Callable[[Any], bool] = lambda value: True,
) -> List[Component]:
    """Mark the callables on a way, from the outside in, but for its end, which is the framework's.

    ``root`` is what is seen already as the chain begins. ``end_is_seen``: the end is entered in a way that is seen.
    Else what lies unseen before it is told by the last that is marked, or is returned where none is.
    """
    via: List[Component] = []
    last: Optional[Mark] = None
    for value in chain[:-1]:
        if value is root:
            continue
        component = Component(describe_component(value), entry=is_entry(value))
        if mark_of(value) is None and not patch(type(value)):
            via.append(component)
            continue
        if mark_of(value) is None:
            mark(value, component, via)
        last, via = mark_of(value), []
    if via and end_is_seen:
        _marks[id(chain[-1])] = Mark(chain[-1], Component(describe_component(chain[-1]), entry=False), via)
    elif via and last is not None:
        last.tail = via
    elif via:
        return via
    return []


def patch(cls: Any) -> bool:
    """Make every marked instance of a class observable; False where the class does not let itself be patched."""
    if cls in _patched:
        return True
    original = getattr(cls, "__call__", None)  # noqa: B004
    if not inspect.isfunction(original):
        return False

    def of(self: Any, args: Any) -> Optional[Run]:
        run = current_run.get() if id(self) in _marks and len(args) == 3 else None
        if run is None or id(self) in run.entered or args[0].get("type") != "websocket":
            return None
        return run

    def given(args: Any, kwargs: Any) -> Any:
        return [*args, *(kwargs[name] for name in ("scope", "receive", "send")[len(args) :] if name in kwargs)]

    if asyncio.iscoroutinefunction(original):

        @functools.wraps(original)
        async def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
            run = of(self, given(args, kwargs))
            if run is None:
                return await original(self, *args, **kwargs)
            return await _enter_marked(run, self, original, *given(args, kwargs))

    else:

        @functools.wraps(original)
        def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
            run = of(self, given(args, kwargs))
            if run is None:
                return original(self, *args, **kwargs)
            return _enter_marked(run, self, original, *given(args, kwargs))

    try:
        cls.__call__ = __call__
    except TypeError:
        return False
    _patched.add(cls)
    return True


async def _enter_marked(run: Run, value: Any, call: Any, scope: Any, receive: Any, send: Any) -> None:
    found = _marks[id(value)]
    run.entered.add(id(value))
    try:
        await enter(run, found.component, functools.partial(call, value), scope, receive, send, found.via, found.tail)
    finally:
        run.entered.discard(id(value))
