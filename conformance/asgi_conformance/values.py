"""Values of scripts and observations: the suite's half of the wire format in child/PROTOCOL.md. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

LONG = 512


@dataclass(frozen=True, slots=True)
class Repeated:
    """A long value by its unit: ``Repeated("abc", 3)`` stands for ``"abcabcabc"``."""

    unit: str | bytes
    times: int


def to_child(value: Any) -> Any:
    """A script value as it travels to the child."""
    if isinstance(value, (bytes, bytearray)):
        return {"$": "bytes", "hex": bytes(value).hex()}
    if isinstance(value, Repeated):
        return {"$": "repeat", "unit": to_child(value.unit), "times": value.times}
    if isinstance(value, dict):
        return {key: to_child(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_child(item) for item in value]
    return value


def expanded(value: Any) -> Any:
    """A script value in full."""
    return value.unit * value.times if isinstance(value, Repeated) else value


def observed(value: Any) -> Any:
    """A value as observations write it (long ones by length and digest)."""
    value = expanded(value)
    if isinstance(value, str):
        if len(value) <= LONG:
            return value
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return {"$": "text", "len": len(value), "sha256": digest}
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        if len(data) <= LONG:
            return {"$": "bytes", "hex": data.hex()}
        return {"$": "bytes", "len": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if isinstance(value, (list, tuple)):
        return [observed(item) for item in value]
    if isinstance(value, dict):
        return {key: observed(item) for key, item in value.items()}
    return value
