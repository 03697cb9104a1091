"""Turns what the suite holds into plain JSON values, without losing what cannot be one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

_EXACT = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """A copy of ``value`` that any JSON reader takes.

    Dataclasses and mappings become objects, sequences become arrays, sets become sorted arrays. ``bytes`` become
    ``{"$": "bytes", "hex": …}``; floats that JSON cannot spell and all other objects become ``{"$": "object", …}``.
    """
    kind = type(value)
    # Nearly everything in a trace is one of these: the exact type is the quickest question.
    if kind in _EXACT:
        return value
    if kind is dict:
        return {name if type(name) is str else _name(name): plain(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    if isinstance(value, int):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, str):
        return str(value.value) if isinstance(value, Enum) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else _opaque(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$": "bytes", "hex": bytes(value).hex()}
    if isinstance(value, Mapping):
        return {_name(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, AbstractSet):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    return _opaque(value)


def _name(key: Any) -> str:
    if isinstance(key, Enum):
        return str(key.value)
    if isinstance(key, bytes):
        return key.decode("latin-1")
    return key if isinstance(key, str) else str(key)


def _opaque(value: Any) -> dict[str, str]:
    kind = type(value)
    try:
        text = repr(value)
    except Exception as exc:  # a foreign __repr__ may do anything; the report must still be written
        text = f"<repr raised {type(exc).__name__}>"
    return {"$": "object", "type": f"{kind.__module__}.{kind.__qualname__}", "repr": text[:512]}
