"""The framework in a route case: an exception that is its own, not the handler's, and yet reaches the server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model import Layer
from .claims import Claim, exception_text
from .seen import Seen

REQUIREMENT = "suite.framework.no-exception"
# So many frames of an exception are kept, the innermost.
FRAMES = 24
# Compiled modules name their files from the folder of packages.
_PACKAGE = re.compile(
    r"(?:/(?:site|dist)-packages/|^)(starlette|fastapi|litestar|quart|channels|falcon|blacksheep|sanic)/"
)
_STANDARD = re.compile(r"/lib/python[\d.]+/(?!(?:site|dist)-packages/)|^<frozen")
# What a framework raises on purpose, for a handler that called it wrongly or did not expect it.
_ON_PURPOSE = ("RuntimeError", "WebSocketDisconnect", "OSError", "HTTPException", "WebSocketException")


def framework_route(seen: Seen) -> Iterator[Claim]:
    """The claim that the framework of a route breached this; none where it did not."""
    if seen.outer is None or (seen.outer.exit or {}).get("outcome") != "raised":
        return
    leaf = own_exception(seen, _innermost_exit(seen))
    if leaf is not None:
        place = str(leaf["frames"][-1])
        observed = f"{exception_text(leaf)} left {_package(place)} at {_short(place)}"
        yield Claim(REQUIREMENT, False, Layer.FRAMEWORK, "route", "no exception of the framework's own", observed)


def own_exception(seen: Seen, exit_: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The exception that an exit was raised with, where only the framework's code is on its way; else None."""
    exc: Mapping[str, Any] = exit_.get("exc") or {}
    leaves: Sequence[Mapping[str, Any]] = exc.get("leaves") or ()
    if exit_.get("outcome") != "raised" or len(leaves) != 1:
        return None
    leaf = leaves[0]
    frames = [str(frame).partition(" ")[0] for frame in leaf.get("frames") or ()]
    entered = bool(seen.trace.at("route", "enter"))
    if not frames or not _PACKAGE.search(frames[-1]) or (entered and set(_ON_PURPOSE) & set(leaf["mro"])):
        return None
    if len(frames) >= FRAMES:
        return None  # some were not kept, and the handler may stand among them
    return leaf if all(_PACKAGE.search(frame) or _STANDARD.search(frame) for frame in frames) else None


def _innermost_exit(seen: Seen) -> Mapping[str, Any]:
    """How the handler ended, or else what the last of the middleware was given: no frame of theirs stands in it."""
    handler = next((o.data for o in seen.trace.at("route", "exit")), None)
    if handler is not None:
        return handler
    inner = [b for b in seen.boundaries if b.name.startswith("asgi:") and b.exit is not None]
    below = max(inner, key=lambda b: int(b.name.partition(":")[2]), default=seen.outer)
    return (below.exit or {}) if below is not None else {}


def _package(place: str) -> str:
    match = _PACKAGE.search(place)
    return match[1] if match else "the framework"


def _short(place: str) -> str:
    """A place by its path from the folder of packages: the same wherever the environment is."""
    return re.sub(r"^.*/(?:site|dist)-packages/", "", place)
