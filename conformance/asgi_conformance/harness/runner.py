"""Runs cases against one child process, several at once, and hands back their traces."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..model import Case, Trace
from .bystander import Bystander
from .deadlines import Deadlines
from .endpoint import Address
from .lane import LET_GO, ClientLane, StepFailed
from .process import TargetProcess
from .program import Program, compile_case
from .recording import Recording
from .waiting import Missed, alarms

CONCURRENCY = 24
# A run that waits longer than this gives its place to another: only the waiting is left of it.
PATIENCE = 0.5
# Turns of the child's loop that an app lane may take to its next wait after the client lane has stopped.
SETTLING_TURNS = 50


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution of a case: its trace, how long it took, and whether its own evidence is good enough.

    ``crashed``: the target's process ended meanwhile or, where it was not ``started``, before.
    """

    case: Case
    trace: Trace
    duration_us: int
    crashed: bool = False
    started: bool = True


class _Place:
    """One of the places of runs at once; it is given up once."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots: asyncio.Semaphore | None = slots

    def wake(self) -> None:
        """Let another run have it."""
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.release()


class Runner:
    """Performs cases against a target that is ready."""

    def __init__(self, process: TargetProcess, deadlines: Deadlines, address: Callable[[Case, bool], Address]) -> None:
        self._process = process
        self._deadlines = deadlines
        self._address = address
        self._recordings: dict[str, Recording] = {}
        self._counter = 0
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._lag = 0.0
        self._measuring = False
        self._routes: asyncio.Future[list[dict[str, Any]]] | None = None
        self.stop_server: Callable[[], Awaitable[None]] | None = None
        process.on_message = self._hear
        process.on_death = self._died

    def _hear(self, message: dict[str, Any]) -> None:
        for run_id, t_us, boundary, kind, data in message.get("o", ()):
            recording = self._recordings.get(run_id)
            if recording is not None:
                recording.from_child(t_us, boundary, kind, data)
        if "snapshot" in message:
            run_id, snapshot = message["snapshot"]
            recording = self._recordings.get(run_id)
            if recording is not None:
                recording.snapshot = snapshot
                recording.wake()
        if "routes" in message and self._routes is not None and not self._routes.done():
            self._routes.set_result(message["routes"])
        if "surface" in message:
            run_id, values = message["surface"]
            recording = self._recordings.get(run_id)
            if recording is not None:
                recording.from_child(time.monotonic_ns() // 1000, "surface", "values", values)
                recording.from_child(time.monotonic_ns() // 1000, "outer", "exit", {"outcome": "none"})

    async def routes(self) -> list[dict[str, Any]]:
        """The target's own WebSocket routes as the child finds them now; none where it does not say in time."""
        self._routes = asyncio.get_running_loop().create_future()
        self._process.send({"routes": True})
        try:
            return await asyncio.wait_for(self._routes, self._deadlines.seconds("routes"))
        except TimeoutError:
            return []

    def _died(self) -> None:
        for recording in self._recordings.values():
            recording.crashed = True
            recording.wake()

    async def run_all(self, jobs: Iterable[tuple[Case, bool]], done: Callable[[int, Ran], None]) -> None:
        """Perform ``(case, as control?)`` jobs concurrently; ``done(place, ran)`` is called as each ends."""
        monitor = asyncio.create_task(self._measure_lag())
        self._measuring = True
        tasks = []
        try:
            async with asyncio.TaskGroup() as group:
                for place, (case, control) in enumerate(jobs):
                    await self._slots.acquire()
                    tasks.append(group.create_task(self._one(place, case, control, done)))
        finally:
            self._measuring = False
            monitor.cancel()

    async def _measure_lag(self) -> None:
        """How late this process's own loop is: a deadline that it missed itself proves nothing."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.05)
            self._lag = max(self._lag * 0.5, loop.time() - before - 0.05)

    async def _one(self, place: int, case: Case, control: bool, done: Callable[[int, Ran], None]) -> None:
        held, clock = _Place(self._slots), alarms()
        clock.set(held, time.monotonic() + PATIENCE)
        try:
            ran = await self.run(case, control)
        finally:
            clock.clear(held)
            held.wake()
        done(place, ran)

    async def run(self, case: Case, control: bool = False) -> Ran:
        """Perform one case (``control``: on the bare probe) to its end, whatever happens."""
        self._counter += 1
        recording = Recording(str(self._counter), self._deadlines)
        self._recordings[recording.id] = recording
        started = not self._process.dead
        recording.crashed = not started
        monitor = None if self._measuring else asyncio.create_task(self._measure_lag())
        try:
            if case.kind == "surface":
                self._process.send({"surface": recording.id})
                await self._guarded(recording, recording.exit("snapshot"))
            elif case.kind == "route":
                await self._visit(case, recording)
            else:
                await self._exchange(case, control, recording)
        finally:
            if monitor is not None:
                monitor.cancel()
            del self._recordings[recording.id]
            self._process.send({"forget": [recording.id]})
        duration = time.monotonic_ns() // 1000 - recording.started_us
        return Ran(case, recording.trace(), duration, recording.crashed, started)

    async def _exchange(self, case: Case, control: bool, recording: Recording) -> None:
        program = compile_case(case)
        self._process.send(self._briefing(recording.id, case, program, control))
        lane = ClientLane(recording, self._address(case, control), self._deadlines)
        if self.stop_server is not None:
            lane.stop_server = self.stop_server

        def release(index: int) -> None:
            self._process.send({"go": [recording.id, index]})

        try:
            kept = await self._guarded(recording, lane.perform(program, release))
            if not kept and not recording.exited:
                await self._settled(recording)
            if kept:
                if not recording.entered and lane.connection.ended and not lane.connection.upgraded:
                    await self._heard(recording)
                    if not recording.entered:
                        return  # refused, or left before the target was called: nothing more will come
                kept = await self._guarded(recording, recording.exit())
            if kept:
                kept = await self._guarded(recording, lane.finish())
        finally:
            try:
                if recording.entered and not recording.exited:
                    # Before the connection goes: else it were chance whether the app lane is told of that, too.
                    lane.connection.stop_reading()
                    self._process.send({"cancel": recording.id})
                    await self._guarded(recording, recording.exit("release"))
            finally:
                lane.connection.discard()

    async def _visit(self, case: Case, recording: Recording) -> None:
        """A route case has no app lane; whatever the handler does, in the end the client has left."""
        brief = bool(case.tags.get("brief"))
        grace = self._deadlines.seconds("grace") * (0.1 if brief else 1.0)
        route = {"grace": grace, "outermost": bool(case.tags.get("given"))}
        self._process.send({"run": recording.id, "steps": [], "route": route})
        lane = ClientLane(recording, self._address(case, False), self._deadlines)
        self._process.worst_lags[recording.id] = (0, [])
        beside = await self._bystander(case, recording, route) if case.tags.get("way") == "beside" else None

        def release(index: int) -> None:
            self._process.send({"go": [recording.id, index]})

        try:
            enters, leaves = (replace(case, steps=steps) for steps in (case.steps[:-1], case.steps[-1:]))
            kept = await self._guarded(recording, lane.perform(compile_case(enters), release))
            if beside is not None:
                recording.observe("bystander", "before", {"alive": beside.alive})
            kept = kept and await self._guarded(recording, lane.perform(compile_case(leaves), release))
            if not kept and not lane.connection.ended:
                lane.connection.drop()
            if not kept:
                release(LET_GO)
            with contextlib.suppress(Missed):
                await recording.entry()
            if recording.entered and await self._guarded(recording, recording.exit("again" if brief else "exit")):
                with contextlib.suppress(Missed):
                    await recording.tasks_reported()
                if beside is not None and not recording.crashed:
                    recording.observe("bystander", "after", await beside.looks())
        finally:
            lag, stack = self._process.worst_lags.pop(recording.id)
            seen = {"child_loop_lag_us": lag, "child_loop_stack": stack, "own_lag_us": int(self._lag * 1_000_000)}
            recording.observe("client", "lag", seen)
            lane.connection.discard()
            if beside is not None:
                await self._dismiss(beside)
            if recording.entered and not recording.exited:
                self._process.send({"cancel": recording.id})
                await self._guarded(recording, recording.exit("release"))

    async def _settled(self, recording: Recording) -> None:
        """The client lane has stopped: before its connection goes, let the app lane do what it can still do."""
        for _ in range(SETTLING_TURNS):
            recording.snapshot = None
            self._process.send({"snapshot": recording.id})
            try:
                await recording.snapshot_taken()
            except Missed:
                return
            taken: dict[str, Any] | None = recording.snapshot
            if recording.exited or (taken is not None and taken.get("waiting")):
                return

    async def _heard(self, recording: Recording) -> None:
        """Take what the child has seen by now: it comes before the child's answer."""
        recording.snapshot = None
        self._process.send({"snapshot": recording.id})
        with contextlib.suppress(Missed):
            await recording.snapshot_taken()

    async def _bystander(self, case: Case, recording: Recording, route: dict[str, Any]) -> Bystander:
        second = Recording(recording.id + ".beside", self._deadlines)
        self._recordings[second.id] = second
        self._process.send({"run": second.id, "steps": [], "route": route})
        beside = Bystander(second, self._address(case, False), self._deadlines)
        await beside.enters(replace(case, steps=case.steps[:-1]))
        return beside

    async def _dismiss(self, beside: Bystander) -> None:
        try:
            await beside.leaves()
        finally:
            if beside.recording.entered and not beside.recording.exited:
                self._process.send({"cancel": beside.recording.id})
            del self._recordings[beside.recording.id]
            self._process.send({"forget": [beside.recording.id]})

    def _briefing(self, run_id: str, case: Case, program: Program, control: bool) -> dict[str, Any]:
        message: dict[str, Any] = {"run": run_id, "steps": program.app}
        without = [need.removeprefix("without:") for need in case.needs if need.startswith("without:")]
        if without:
            message["without"] = without
        if control:
            message["control"] = True
        if any(step.op == "ask" for step in case.steps):
            message["scope"] = True
        return message

    async def _guarded(self, recording: Recording, waiting: Any) -> bool:
        """Await; what stops the lane becomes an observation. False when it was stopped."""
        try:
            await waiting
        except Missed as missed:
            recording.observe("client", "deadline", await self._evidence(recording, missed))
        except StepFailed as failed:
            data = {"step": failed.step.index, "op": failed.step.op, "why": failed.why}
            recording.observe("client", "failed", data)
        else:
            return True
        return False

    async def _evidence(self, recording: Recording, missed: Missed) -> dict[str, Any]:
        """What a missed deadline proves (DESIGN 8): was the app lane receiving, did both loops turn."""
        recording.snapshot = None
        self._process.send({"snapshot": recording.id})
        with contextlib.suppress(Missed):
            await recording.snapshot_taken()
        return {
            "wait": missed.wait,
            "seconds": missed.seconds,
            "app": recording.snapshot,
            "child_loop_lag_us": self._process.loop_lag_us,
            "child_loop_stack": self._process.loop_stack,
            "own_lag_us": int(self._lag * 1_000_000),
        }
