"""Values of a script as Python source: short where they repeat themselves, ASCII always."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..values import Repeated

_LONG = 60


def source(value: Any) -> str:
    """Source of an expression that gives ``value``."""
    if isinstance(value, Repeated):
        return f"{source(value.unit)} * {value.times}"
    if isinstance(value, bytes) and value == bytes(range(256)):
        return "bytes(range(256))"
    if isinstance(value, (str, bytes)) and len(value) > _LONG and value == value[:1] * len(value):
        return f"{value[:1]!a} * {len(value)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{source(key)}: {source(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(source, value)) + "]"
    if isinstance(value, tuple):
        return "(" + "".join(f"{source(item)}, " for item in value).rstrip(" ") + ")"
    return ascii(value)


def arguments(given: Mapping[str, Any]) -> str:
    """Keyword arguments as they stand in a call, each behind a comma."""
    return "".join(f", {name}={source(value)}" for name, value in given.items())
