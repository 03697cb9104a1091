"""A deadline counts from the last that the app lane has done: what came late by then may still be answered in time."""

from __future__ import annotations

import asyncio
import time

import pytest

from asgi_conformance.harness.client import Connection
from asgi_conformance.harness.deadlines import Deadlines
from asgi_conformance.harness.recording import Recording
from asgi_conformance.harness.runner import _Place
from asgi_conformance.harness.waiting import Missed, Waiter, alarms

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


def test_who_waits_is_woken_by_what_happens_long_before_the_deadline() -> None:
    async def waits() -> bool:
        happened: list[bool] = []
        waiter = Waiter(Deadlines(60.0))

        def happens() -> None:
            happened.append(True)
            waiter.wake()

        asyncio.get_running_loop().call_soon(happens)
        await waiter.wait_until(lambda: happened, "end")
        return bool(happened)

    assert asyncio.run(waits())


def test_many_wait_at_once_and_each_misses_its_own_deadline() -> None:
    async def waits() -> set[tuple[str, float]]:
        async def one(wait: str) -> tuple[str, float]:
            with pytest.raises(Missed) as late:
                await Waiter(SHORT).wait_until(lambda: False, wait)
            return late.value.wait, late.value.seconds

        return set(await asyncio.gather(*map(one, ("end", "gone", "settle", "entry"))))

    assert asyncio.run(waits()) == {(wait, SHORT.seconds(wait)) for wait in ("end", "gone", "settle", "entry")}


def test_a_wait_that_is_given_up_is_looked_after_no_more() -> None:
    async def waits() -> int:
        waiter = Waiter(SHORT)
        task = asyncio.ensure_future(waiter.wait_until(lambda: False, "end"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        woken = asyncio.get_running_loop().create_future()

        class After:
            def wake(self) -> None:
                if not woken.done():
                    woken.set_result(None)

        after = After()
        alarms().set(after, 0.0)
        await woken
        alarms().clear(after)
        return len(alarms()._due)

    assert asyncio.run(waits()) == 0


def test_each_loop_has_alarms_of_its_own() -> None:
    async def found() -> object:
        assert alarms() is alarms()
        return alarms()

    assert asyncio.run(found()) is not asyncio.run(found())


def test_a_place_is_given_up_once() -> None:
    slots = asyncio.Semaphore(0)
    place = _Place(slots)
    place.wake()
    place.wake()
    assert slots._value == 1
