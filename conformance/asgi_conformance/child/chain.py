"""The way from a target through the callables round it to its application: attributes, closures, partials, dispatchers.

Objects are only looked at: no attribute of the target's is computed, nothing is imported, nothing is called.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

# How many objects are looked at before the search gives up.
OBJECTS = 3000
# Where applications are usually kept; these are looked at first.
FIRST = ("websocket", "app", "_app", "inner", "application", "asgi_app", "other_asgi_app", "wrapped", "_base_app")
_PLAIN = (str, bytes, bytearray, int, float, complex, bool, type(None), type, types.ModuleType, re.Pattern)
_FOREIGN = ("asyncio", "threading", "logging", "concurrent", "contextvars", "weakref", "_thread", "_asyncio")


def chains(root: Any, is_end: Callable[[Any], bool], names: bool = False) -> List[List[Any]]:
    """Every way from ``root`` to an object for which ``is_end`` holds, as the callables on it, both ends included.

    The nearest end comes first. The search does not go into an end. What a function merely names (its globals) is
    looked at only where nothing else leads to an end, or from the start with ``names``.
    """
    return (not names and _search(root, is_end, False)) or _search(root, is_end, True)


def _search(root: Any, is_end: Callable[[Any], bool], named: bool) -> List[List[Any]]:
    found: List[List[Any]] = []
    seen: Set[int] = set()
    kept: List[Any] = []  # keeps temporary objects alive, so that no id is used twice
    pending: List[Tuple[Any, Tuple[Any, ...]]] = [(root, ())]
    while pending and len(seen) < OBJECTS:
        value, path = pending.pop(0)
        if id(value) in seen or isinstance(value, _PLAIN):
            continue
        seen.add(id(value))
        kept.append(value)
        if is_end(value):
            found.append([*path, value])
            continue
        bound = inspect.ismethod(value) and is_end(value.__self__)
        step = (*path, value) if callable(value) and not bound else path
        try:
            pending += [(item, step) for item in _held(value, named)]
        except Exception:
            continue  # an object that cannot be looked into leads nowhere
    return found


def _held(value: Any, named: bool) -> Iterator[Any]:
    if isinstance(value, dict):
        if "__builtins__" in value:
            return  # a module's namespace: what else its author has written there is not on the way
        yield from _ordered({key: item for key, item in value.items() if isinstance(key, str)})
        yield from (item for key, item in value.items() if not isinstance(key, str))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    elif isinstance(value, functools.partial):
        yield from (*value.args, *value.keywords.values(), value.func)
    elif inspect.ismethod(value):
        yield from (value.__self__, value.__func__)
    elif inspect.isfunction(value):
        yield from _of_function(value, named)
    elif type(value).__module__.split(".")[0] not in _FOREIGN:
        yield from _ordered(attributes(value))
        call = inspect.getattr_static(type(value), "__call__", None)
        if inspect.isfunction(call):
            yield from _of_function(call, named)


def _ordered(held: Dict[str, Any]) -> Iterator[Any]:
    yield from (held[name] for name in FIRST if name in held)
    yield from (item for name, item in held.items() if name not in FIRST)


def _of_function(function: Any, named: bool) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue  # not filled yet
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    if getattr(function, "__wrapped__", None) is not None:
        yield function.__wrapped__
    if named:
        for name in function.__code__.co_names:
            value = function.__globals__.get(name)
            if isinstance(value, dict) or (callable(value) and not inspect.isclass(value)):
                yield value


def attributes(value: Any) -> Dict[str, Any]:
    """What an instance holds, in its ``__dict__`` and in slots; properties are not computed."""
    try:
        out = dict(object.__getattribute__(value, "__dict__"))
    except AttributeError:
        out = {}
    for kind in type(value).__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, types.MemberDescriptorType):
                try:
                    out.setdefault(name, member.__get__(value, kind))
                except AttributeError:
                    continue  # an empty slot
    return out
