"""A handler as people know it: its dotted name, its file and the line of its ``def`` or ``class``."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any, Dict, List

from .wire import describe_exception

# Frames of these modules carry a send on its way: who asked for it stands further out.
CARRIERS = (
    "starlette.websockets", "starlette.responses", "litestar.connection.websocket", "quart.wrappers.websocket",
    "falcon.asgi.ws", "blacksheep.server.websocket", "sanic.server.websockets.connection", "channels.consumer",
    "channels.generic.websocket", "quart.asgi",
)
_OWN = __name__.rpartition(".")[0]


def describe_endpoint(endpoint: Any) -> Dict[str, Any]:
    """``handler``, ``file`` and ``line`` of a function, a method, a class, an instance or a partial of one of them."""
    value = endpoint
    while isinstance(value, functools.partial):
        value = value.func
    value = inspect.unwrap(value) if callable(value) else value
    if not (inspect.isclass(value) or inspect.isfunction(value) or inspect.ismethod(value)):
        value = type(value)
    name = "{}.{}".format(getattr(value, "__module__", "?"), getattr(value, "__qualname__", repr(value)))
    out: Dict[str, Any] = {"handler": name, "file": "", "line": 0}
    try:
        out["file"] = inspect.getsourcefile(value) or ""
        lines, start = inspect.getsourcelines(value)
    except (OSError, TypeError):
        return out
    # The source of a decorated function begins with its decorators.
    offsets = [n for n, line in enumerate(lines) if line.lstrip().startswith(("def ", "async def ", "class "))]
    out["line"] = start + (offsets[0] if offsets else 0)
    return out


def caller() -> Dict[str, Any]:
    """Who asked for the send in progress: ``{"module", "at": "file:line"}`` of the nearest frame that is no carrier."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module not in CARRIERS and not module.startswith(_OWN):
            return {"module": module, "at": "{}:{}".format(frame.f_code.co_filename, frame.f_lineno)}
        frame = frame.f_back
    return {"module": "", "at": ""}


def describe_escape(exc: BaseException) -> Dict[str, Any]:
    """An exception with ``leaves``: itself, or those that a group holds, each with its ``frames``, outermost first."""
    out = describe_exception(exc)
    out["leaves"] = [dict(describe_exception(leaf), frames=_frames(leaf)) for leaf in _leaves(exc)[:8]]
    return out


def _leaves(exc: BaseException) -> List[BaseException]:
    inside = getattr(exc, "exceptions", None)
    if not isinstance(inside, tuple) or "BaseExceptionGroup" not in [kind.__name__ for kind in type(exc).__mro__]:
        return [exc]
    return [leaf for one in inside for leaf in _leaves(one)]


def _frames(exc: BaseException) -> List[str]:
    frames = []
    entry = exc.__traceback__
    while entry is not None:
        if not str(entry.tb_frame.f_globals.get("__name__", "")).startswith(_OWN):
            code = entry.tb_frame.f_code
            frames.append("{}:{} {}".format(code.co_filename, entry.tb_lineno, code.co_name))
        entry = entry.tb_next
    return frames[-24:]
