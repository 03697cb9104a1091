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
_SERVER = re.compile(r"/(?:site|dist)-packages/(uvicorn|hypercorn|daphne|granian|websockets|wsproto|h11)/")
_STANDARD = re.compile(r"/lib/python[\d.]+/(?!(?:site|dist)-packages/)|^<frozen")
# What a framework raises on purpose, for a handler that called it wrongly or did not expect it.
_ON_PURPOSE = ("RuntimeError", "WebSocketDisconnect", "OSError", "HTTPException", "WebSocketException")


def framework_route(seen: Seen) -> Iterator[Claim]:
    """The claim that the framework of a route breached this; none where it did not."""
    if seen.outer is None or (seen.outer.exit or {}).get("outcome") != "raised":
        return
    handler = _of_the_handler(seen)
    leaf = own_exception(seen, handler) if handler is not None else None
    below = _below_the_middleware(seen)
    if leaf is None and (handler is None or _type(below) != _type(handler)):
        # Not what left the handler: the framework made something else of it.
        leaf = _only_framework(below, servers=_told(seen))
    if leaf is not None:
        place = next(str(frame).partition(" ")[0] for frame in reversed(leaf["frames"]) if _PACKAGE.search(str(frame)))
        observed = f"{exception_text(leaf)} left {_package(place)} at {_short(place)}"
        yield Claim(REQUIREMENT, False, Layer.FRAMEWORK, "route", "no exception of the framework's own", observed)


def own_exception(seen: Seen, exit_: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The exception that left a handler, where it is the framework's own mistake; else None."""
    leaf = _only_framework(exit_)
    if leaf is not None:
        return None if set(_ON_PURPOSE) & set(leaf["mro"]) else leaf
    if not _told(seen) or seen.at("route", "escaped"):
        return None
    # Told of the end, the framework still sent something of its own, which the server refuses.
    return _only_framework(exit_, servers=True)


def _only_framework(exit_: Mapping[str, Any], servers: bool = False) -> Mapping[str, Any] | None:
    """The exception of an exit where only the framework's code is on its way; ``servers``: or what it called there."""
    exc: Mapping[str, Any] = exit_.get("exc") or {}
    leaves: Sequence[Mapping[str, Any]] = exc.get("leaves") or ()
    if exit_.get("outcome") != "raised" or len(leaves) != 1:
        return None
    leaf = leaves[0]
    frames = [str(frame).partition(" ")[0] for frame in leaf.get("frames") or ()]
    if len(frames) >= FRAMES or not any(_PACKAGE.search(frame) for frame in frames):
        return None  # some were not kept, and the handler may stand among them
    inside = frames
    if servers and "OSError" not in leaf["mro"]:
        inside = [frame for frame in frames if not _SERVER.search(frame)]
    elif not _PACKAGE.search(frames[-1]):
        return None
    return leaf if all(_PACKAGE.search(frame) or _STANDARD.search(frame) for frame in inside) else None


def _of_the_handler(seen: Seen) -> Mapping[str, Any] | None:
    """How the handler itself ended, None where it was not reached; some frameworks take what it raises."""
    for o in seen.at("route", "escaped"):
        return {"outcome": "raised", "exc": o.data["exc"]}
    return next((o.data for o in seen.at("route", "exit")), None)


def _below_the_middleware(seen: Seen) -> Mapping[str, Any]:
    """How the framework ended as the last of the middleware saw it: no frame of theirs stands in it."""
    inner = [b for b in seen.boundaries if b.name.startswith("asgi:") and b.exit is not None]
    below = max(inner, key=lambda b: int(b.name.partition(":")[2]), default=seen.outer)
    return (below.exit or {}) if below is not None else {}


def _told(seen: Seen) -> bool:
    """Whether the framework had been told that the connection was over."""
    return seen.outer is not None and any(e.get("type") == "websocket.disconnect" for e in seen.outer.received)


def _type(exit_: Mapping[str, Any]) -> str:
    return str((exit_.get("exc") or {}).get("type"))


def _package(place: str) -> str:
    match = _PACKAGE.search(place)
    return match[1] if match else "the framework"


def _short(place: str) -> str:
    """A place by its path from the folder of packages: the same wherever the environment is."""
    return re.sub(r"^.*/(?:site|dist)-packages/", "", place)
