"""A callable on a connection's way as data: the name, file and line that findings show."""

from __future__ import annotations

import functools
import inspect
import linecache
import os
import re
from typing import Any, Dict, List, Sequence, Tuple

from .loader import SingleCallable

# Packages whose callables count as part of the framework.
FRAMEWORK_PACKAGES = frozenset("starlette fastapi litestar quart channels django falcon blacksheep sanic".split())
# Settings of well-known middlewares that say which request they would let pass.
_SETTINGS = ("allowed_hosts", "allow_origins", "allowed_origins")

# By the object's id. The object stands with it, for another one may get the id of one that is gone.
_known: Dict[int, Tuple[Any, "Component"]] = {}


class Component:
    """One callable: its record, and whether its user put it there (an ``entry``) or it is the framework's own part."""

    __slots__ = ("record", "entry")

    def __init__(self, record: Dict[str, Any], entry: bool) -> None:
        self.record = record if entry else dict(record, layer="framework")
        self.entry = entry


def describe_component(value: Any) -> Dict[str, Any]:
    """A middleware, wrapper or application as data: dotted name, layer, file and line.

    ``value`` is a class, a function, a partial of one, or an instance, which is known by its class.
    """
    kind = value.app if isinstance(value, SingleCallable) else value
    while isinstance(kind, functools.partial):
        kind = kind.func
    if inspect.ismethod(kind):
        kind = kind.__func__
    closure = inspect.isfunction(kind) and kind.__closure__ is not None
    if not (inspect.isclass(kind) or inspect.isfunction(kind)):
        kind = type(kind)
    module = str(getattr(kind, "__module__", "?"))
    name = "{}.{}".format(module, getattr(kind, "__qualname__", repr(kind)))
    out: Dict[str, Any] = {"name": ("closure " if closure else "") + name, "layer": "middleware", "file": "", "line": 0}
    if module.split(".")[0] in FRAMEWORK_PACKAGES:
        out["layer"] = "framework"
    try:
        out["file"] = os.path.abspath(inspect.getsourcefile(kind) or "")
        out["line"] = _line(kind, linecache.getlines(out["file"]))
    except (OSError, TypeError):
        out["file"] = ""
    return out


def component_of(value: Any, kind: Any = None) -> Component:
    """One of the framework's own objects, described once; ``kind``: the class that it is known by."""
    found = _known.get(id(value))
    if found is None:
        found = _known[id(value)] = (value, Component(describe_component(kind or value), entry=False))
    return found[1]


def _line(kind: Any, lines: List[str]) -> int:
    """The line of the ``class`` or ``def`` itself, 0 where it is not found.

    ``inspect.getsourcelines`` would parse the whole module: a fifth of a second for the largest of FastAPI's.
    """
    if inspect.isclass(kind):
        opening = re.compile(r"\s*class {}\b".format(kind.__name__))
        start = int(getattr(kind, "__firstlineno__", 1)) - 1
    else:
        opening = re.compile(r".*\bdef |.*\blambda\b")
        start = kind.__code__.co_firstlineno - 1
    return next((place + 1 for place in range(start, len(lines)) if opening.match(lines[place])), 0)


def is_framework(value: Any) -> bool:
    """Whether an instance's class, or a function, is of the framework's own package."""
    return bool(describe_component(value)["layer"] == "framework")


def settings_of(value: Any) -> Dict[str, Any]:
    """The settings of an instance that say what it would let pass, if it has any."""
    held = getattr(value, "__dict__", {})
    out = {}
    for name in _SETTINGS:
        items = held.get(name)
        if isinstance(items, (list, tuple, set, frozenset)) and all(isinstance(item, str) for item in items):
            out[name] = sorted(items)
    return {"settings": out} if out else {}


def joined(components: Sequence[Component]) -> Dict[str, Any]:
    """Several callables that cannot be told apart, as one: all names, the place of the first that is the user's own."""
    records = [component.record for component in components]
    if len(records) == 1:
        return records[0]
    entries: List[Dict[str, Any]] = [component.record for component in components if component.entry] or records
    first = next((record for record in entries if record["layer"] == "middleware"), entries[0])
    return dict(first, name=" + ".join(dict.fromkeys(record["name"] for record in entries)))


def own_call(value: Any, base: Any) -> Any:
    """The class that puts a ``__call__`` of its own round that of ``base``, None where no class does."""
    for kind in type(value).__mro__:
        if kind is base:
            return None
        package = str(getattr(kind, "__module__", "")).split(".")[0]
        if "__call__" in vars(kind) and package not in FRAMEWORK_PACKAGES:
            return kind
    return None

