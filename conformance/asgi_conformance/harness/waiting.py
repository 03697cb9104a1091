"""Waiting for what has a deadline: whoever waits is woken by what happens, or when its time has come.

Nearly nobody ever waits as long as its deadline, and a run waits ten thousands of times: one timer of the loop looks
after all deadlines, so that a wait costs none of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

from .deadlines import Deadlines

# Seconds between two looks at who is due: so late a deadline may be noticed.
RESOLUTION = 0.02


class Missed(Exception):
    """A wait's deadline passed."""

    def __init__(self, wait: str, seconds: float) -> None:
        super().__init__(wait)
        self.wait = wait
        self.seconds = seconds


class Sleeper(Protocol):
    """Who can be woken."""

    def wake(self) -> None:
        """Look again at what was waited for, or at the clock."""


class Alarms:
    """Wakes each sleeper of one loop from its time on (seconds of the monotonic clock), until it is taken out."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[Sleeper, float] = {}
        self._armed = False

    def set(self, sleeper: Sleeper, due: float) -> None:
        """Wake it at that time."""
        self._due[sleeper] = due
        if not self._armed:
            self._armed = True
            self._loop.call_later(RESOLUTION, self._look)

    def clear(self, sleeper: Sleeper) -> None:
        """Wake it no more."""
        self._due.pop(sleeper, None)

    def _look(self) -> None:
        now = time.monotonic()
        for sleeper in [one for one, due in self._due.items() if due <= now]:
            sleeper.wake()
        self._armed = bool(self._due)
        if self._armed:
            self._loop.call_later(RESOLUTION, self._look)


_alarms: WeakKeyDictionary[asyncio.AbstractEventLoop, Alarms] = WeakKeyDictionary()


def alarms() -> Alarms:
    """The alarms of the loop that runs."""
    loop = asyncio.get_running_loop()
    found = _alarms.get(loop)
    if found is None:
        found = _alarms[loop] = Alarms(loop)
    return found


class Waiter:
    """One who waits for one thing at a time."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._future: asyncio.Future[None] | None = None

    def moved_at(self) -> float:
        """When the app lane last came further, in seconds of the monotonic clock: a deadline counts from there."""
        return 0.0

    def wake(self) -> None:
        """Something has happened: look again."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def wait_until(self, condition: Callable[[], object], wait: str) -> None:
        """Wait until the condition holds; raises `Missed` where it does not by the deadline of that name.

        The deadline counts from the last that the app lane has done, where that came later than the wait began.
        """
        if condition():
            return
        seconds = self._deadlines.seconds(wait)
        due = time.monotonic() + seconds
        loop, clock = asyncio.get_running_loop(), alarms()
        try:
            while True:
                clock.set(self, due)
                self._future = loop.create_future()
                await self._future
                if condition():
                    return
                now = time.monotonic()
                if now >= due and (due := max(due, self.moved_at() + seconds)) <= now:
                    raise Missed(wait, seconds)
        finally:
            clock.clear(self)
