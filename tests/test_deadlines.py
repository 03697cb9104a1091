"""A deadline counts from the last that the app lane has done: what came late by then may still be answered in time."""

from __future__ import annotations

import asyncio
import time

import pytest

from asgi_conformance.harness.client import Connection, Missed
from asgi_conformance.harness.deadlines import Deadlines
from asgi_conformance.harness.recording import Recording

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


def test_a_wait_for_the_child_goes_on_where_the_app_lane_has_moved() -> None:
    async def waits() -> None:
        recording = Recording("1", SHORT)
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: recording.from_child(time.monotonic_ns() // 1000, "app", "begun", {"step": 0}))
        assert await recording.step_done(0)
        with pytest.raises(Missed):
            await recording.exit()

    asyncio.run(waits())


def test_nothing_is_waited_for_past_a_deadline_that_counts_from_the_last_step() -> None:
    async def waits() -> None:
        connection = Connection(lambda *seen: None, SHORT, lambda: 0.0)
        with pytest.raises(Missed):
            await connection.until(lambda: False, "end")

    asyncio.run(waits())
