"""The tasks that a handler starts: which of them are still running some time after it has ended."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Dict, List, Tuple

from .components import FRAMEWORK_PACKAGES
from .recorder import Run, current_run

# Who makes tasks for others: whoever asked them stands further out.
_MAKERS = ("asyncio", "anyio")
# Tasks of the server, of the framework and of the suite are not the handler's.
_SERVERS = ("uvicorn", "websockets", "wsproto", "hypercorn", "daphne", "twisted", "autobahn", "granian")
_NOT_ITS_OWN = (*_SERVERS, *FRAMEWORK_PACKAGES, __name__.split(".")[0])


def watch_tasks(loop: Any) -> None:
    """From now on note each task that is made on behalf of a route's connection, and where."""
    original = loop.create_task

    def create_task(*args: Any, **kwargs: Any) -> Any:
        task = original(*args, **kwargs)
        run = current_run.get()
        if run is not None and run.route is not None:
            module, site = _site()
            if module not in _NOT_ITS_OWN:
                run.started.append((task, site))
        return task

    try:
        loop.create_task = create_task
    except (AttributeError, TypeError):
        pass  # a loop that cannot be watched: no task is ever reported


def _site() -> Tuple[str, str]:
    frame: Any = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).split(".")[0]
        if module not in _MAKERS:
            return module, "{}:{}".format(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return "", ""


async def report_left(run: Run) -> None:
    """Observe which tasks of a run are left once they have had their time to end."""
    pending = [task for task, _ in run.started if not task.done()]
    if pending:
        await asyncio.wait(pending, timeout=run.route["grace"] if run.route else 0)
    left: List[Dict[str, Any]] = []
    for task, site in run.started:
        if not task.done():
            coroutine = getattr(task.get_coro(), "__qualname__", "?")
            left.append({"name": task.get_name(), "coroutine": coroutine, "created": site})
    run.started.clear()
    run.observe("route", "tasks", {"left": left})
