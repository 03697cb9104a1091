"""Exceptions of a framework's own, noted as they are made: whoever they are raised in may swallow them."""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable

from ..recorder import Run, current_run
from ..wire import describe_exception


def observe_made(cls: Any, note: Callable[[Run, Any, Any], None]) -> None:
    """Call ``note(run, exc, frame)`` for every instance that is made in a run.

    ``frame`` is that of who made it: the first above the constructors.
    """
    original = cls.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        run = current_run.get()
        if run is not None:
            frame: Any = sys._getframe(1)
            while frame.f_back is not None and frame.f_code.co_name == "__init__":
                frame = frame.f_back
            note(run, self, frame)

    cls.__init__ = __init__


def note_raised(run: Run, exc: Any, frame: Any) -> None:
    """The framework tells its handler that the connection has ended."""
    name = "{}.{}".format(frame.f_globals.get("__name__"), frame.f_code.co_name)
    run.observe("framework", "raised", {"exc": describe_exception(exc), "caller": name, "step": run.step})


def place_of(frame: Any) -> str:
    """File and line, as findings name them."""
    return "{}:{}".format(frame.f_code.co_filename, frame.f_lineno)
