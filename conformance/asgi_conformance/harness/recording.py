"""One run while it is under way: what has been observed of it so far, from both processes."""

from __future__ import annotations

import time
from operator import itemgetter
from typing import Any

from ..model import Observation, Trace
from .deadlines import Deadlines
from .waiting import Waiter


def now_us() -> int:
    """The monotonic clock in microseconds, which the child reads too."""
    return time.monotonic_ns() // 1000


class Recording(Waiter):
    """The observations of one run, and the events in them that the client lane waits for."""

    def __init__(self, run_id: str, deadlines: Deadlines) -> None:
        super().__init__(deadlines)
        self.id = run_id
        self.started_us = now_us()
        self.crashed = False
        self.snapshot: dict[str, Any] | None = None
        # When the app lane last came further, in seconds of the monotonic clock.
        self.moved = 0.0
        self._entries: list[tuple[int, str, str, dict[str, Any]]] = []
        self._done: set[int] = set()
        self._entered = False
        self._lane_ended = False
        self._exited = False
        self._tasks_reported = False
        self._receiving = 0
        self._messages = 0
        self._holds: set[str] = set()

    def observe(self, boundary: str, kind: str, data: dict[str, Any]) -> None:
        """Record something seen in this process."""
        self._entries.append((now_us(), boundary, kind, data))

    def from_child(self, t_us: int, boundary: str, kind: str, data: dict[str, Any]) -> None:
        """Record something that the child saw."""
        self._entries.append((t_us, boundary, kind, data))
        if boundary == "app":
            self.moved = t_us / 1_000_000
            if kind in ("op", "begun"):
                self._done.add(data["step"])
            elif kind == "exit":
                self._lane_ended = True
            self.wake()
        elif boundary == "outer":
            if kind in ("enter", "exit"):
                self.moved = t_us / 1_000_000
                self._entered, self._exited = self._entered or kind == "enter", self._exited or kind == "exit"
                self.wake()
        elif boundary == "route" and kind in ("holding", "held"):
            self._holds.add(kind)
            self.wake()
        elif boundary == "route" and kind in ("receiving", "receive", "receive.raised", "tasks"):
            self._tasks_reported = self._tasks_reported or kind == "tasks"
            self._receiving += 1 if kind == "receiving" else -1
            self._messages += kind == "receive" and data["event"].get("type") == "websocket.receive"
            self.wake()

    def moved_at(self) -> float:
        """When the app lane last came further."""
        return self.moved

    @property
    def entered(self) -> bool:
        """Whether the server has called the target for this run."""
        return self._entered

    @property
    def exited(self) -> bool:
        """Whether the target's callable has ended (or its process has)."""
        return self._exited or self.crashed

    async def step_done(self, index: int) -> bool:
        """Wait for the app lane to complete a step; False where the lane ended without it."""
        await self.wait_until(lambda: index in self._done or self._lane_ended or self.exited, "barrier")
        return index in self._done

    async def entry(self, wait: str = "entry") -> None:
        """Wait for the server to call the target."""
        await self.wait_until(lambda: self._entered or self.exited, wait)

    async def settled(self, messages: int, wait: str = "settle") -> None:
        """Wait for a route's handler to have taken so many messages and to wait for the next one."""
        await self.wait_until(lambda: (self._receiving > 0 and self._messages >= messages) or self.exited, wait)

    async def holds(self, kind: str) -> None:
        """Wait until the handler's next send will be held (``holding``), or until one is (``held``)."""
        await self.wait_until(lambda: kind in self._holds or self.exited, "settle")

    async def tasks_reported(self) -> None:
        """Wait for the child to say which tasks a handler has left."""
        await self.wait_until(lambda: self._tasks_reported or self.crashed, "tasks")

    async def exit(self, wait: str = "exit") -> None:
        """Wait for the target's callable to end."""
        await self.wait_until(lambda: self.exited, wait)

    async def snapshot_taken(self) -> None:
        """Wait for the child's answer to a snapshot request."""
        await self.wait_until(lambda: self.snapshot is not None or self.crashed, "snapshot")

    def trace(self) -> Trace:
        """What was seen, by time; the order within one boundary is the order of observation."""
        start, ordered = self.started_us, sorted(self._entries, key=itemgetter(0))
        return Trace(tuple([Observation(t - start, boundary, kind, data) for t, boundary, kind, data in ordered]))
