"""What an interrupt leaves behind on an event loop."""

from __future__ import annotations

import asyncio
import contextlib


def end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """End what an interrupt left behind. A task group raises the interrupt again, out of the loop itself."""
    while left := asyncio.all_tasks(loop):
        for task in left:
            task.cancel()
        with contextlib.suppress(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait(left))
