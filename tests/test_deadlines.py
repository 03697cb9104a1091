"""A deadline counts from the last that the app lane has done: what came late by then may still be answered in time."""

from __future__ import annotations

import asyncio
import time

import pytest

from asgi_conformance.harness.client import Connection
from asgi_conformance.harness.deadlines import Deadlines
from asgi_conformance.harness.recording import Recording
from asgi_conformance.harness.waiting import Missed

SHORT = Deadlines(0.05)


def test_a_wait_for_the_wire_goes_on_where_the_app_lane_has_moved() -> None:
    async def waits() -> int:
        asked = 0

        def moved() -> float:
            nonlocal asked
            asked += 1
            return time.monotonic() if asked == 1 else 0.0

        connection = Connection(lambda *seen: None, SHORT, moved)
        # True only once the deadline has passed for the first time.
        await connection.until(lambda: asked, "end")
        return asked

    assert asyncio.run(waits()) == 1


class Moving(Recording):
    """One whose target ends while it is looked whether its app lane has moved, which it has."""

    @property
    def moved(self) -> float:
        now = time.monotonic_ns() // 1000
        self.from_child(now, "outer", "exit", {"outcome": "returned"})
        return now / 1_000_000

    @moved.setter
    def moved(self, when: float) -> None:
        return None


def test_a_wait_for_the_child_goes_on_where_the_app_lane_has_moved() -> None:
    async def waits() -> bool:
        recording = Moving("1", SHORT)
        await recording.exit()
        return recording.exited

    assert asyncio.run(waits())


def test_what_the_app_lane_does_is_remembered() -> None:
    recording = Recording("1", SHORT)
    for at, (boundary, kind) in enumerate((("outer", "enter"), ("app", "op"), ("wire", "sent"), ("outer", "exit")), 1):
        before = recording.moved
        recording.from_child(at * 1_000_000, boundary, kind, {"step": at})
        assert recording.moved == (before if boundary == "wire" else float(at))


def test_nothing_is_waited_for_past_a_deadline_that_counts_from_the_last_step() -> None:
    async def waits() -> None:
        connection = Connection(lambda *seen: None, SHORT, lambda: 0.0)
        with pytest.raises(Missed):
            await connection.until(lambda: False, "end")
        with pytest.raises(Missed):
            await Recording("1", SHORT).exit()

    asyncio.run(waits())
