"""Cases that need a server of their own, each configuration in a process that all of its cases share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from .configurations import CONFIGURATIONS, Configuration
from .harness.deadlines import Deadlines
from .harness.endpoint import Address, Endpoint
from .harness.process import Launch, StartError, TargetProcess
from .harness.runner import Ran, Runner
from .model import Case, Observation, Trace

Job = tuple[int, Case, bool]


class Separate:
    """The servers of one run that are configured otherwise than its own; started when cases need them."""

    def __init__(
        self, launch: Callable[[], Launch], deadlines: Deadlines, address: Callable[[Case, Endpoint], Address]
    ) -> None:
        self._launch = launch
        self._deadlines = deadlines
        self._address = address
        self._kept: dict[str, tuple[TargetProcess, Runner]] = {}
        self.output = ""
        # How the last of them ended that was not told to.
        self.death = ""

    async def run(self, case: Case, control: bool = False) -> Ran:
        """Perform one case; where the server does not start, nothing is seen of it."""
        return (await self.run_all([(0, case, control)]))[0]

    async def run_all(self, jobs: Iterable[Job]) -> dict[int, Ran]:
        """Perform cases, those of each configuration side by side; what came of each by its place."""
        by_name: dict[str, list[Job]] = {}
        for job in jobs:
            by_name.setdefault(job[1].server, []).append(job)
        done: dict[int, Ran] = {}
        async with asyncio.TaskGroup() as group:
            for name, some in by_name.items():
                group.create_task(self._one_configuration(CONFIGURATIONS[name], some, done))
        return done

    async def _one_configuration(self, configuration: Configuration, jobs: Sequence[Job], done: dict[int, Ran]) -> None:
        try:
            process, runner = await self._server(configuration)
        except StartError as exc:
            self.death = f"it did not start again: {exc.message}"
            for place, case, _ in jobs:
                done[place] = Ran(case, Trace(()), 0, crashed=True, started=False)
            return
        told = {
            "name": configuration.name,
            "limit": configuration.limit,
            "root": configuration.root,
            "stops": configuration.stops,
        }
        stopping = Stopping(process, len(jobs), configuration.stops)

        def taken(place: int, ran: Ran) -> None:
            stopping.ended()
            first = Observation(0, "client", "configuration", told)
            trace = replace(ran.trace, observations=(first, *ran.trace.observations))
            # A process that was told to stop, and stopped, has not crashed.
            done[jobs[place][0]] = replace(ran, trace=trace, crashed=ran.crashed and not stopping.told)

        if configuration.stops:
            runner.stop_server = stopping.come_so_far
        try:
            await runner.run_all([(case, control) for _, case, control in jobs], taken)
            if process.dead and not stopping.told:
                self.death = process.death()
        finally:
            if configuration.stops:
                self._end(process)

    async def _server(self, configuration: Configuration) -> tuple[TargetProcess, Runner]:
        kept = self._kept.get(configuration.name)
        if kept is not None and not kept[0].dead:
            return kept
        if kept is not None:
            self._end(kept[0])
        launch = self._launch()
        options = {**launch.options, **configuration.of(launch.server)}
        process = TargetProcess(replace(launch, options=options), self._deadlines)
        process.attach(asyncio.get_running_loop())
        try:
            await process.ready()
        except BaseException:
            self._end(process)
            raise
        deadlines = self._deadlines.unhurried() if configuration.paced else self._deadlines
        runner = Runner(process, deadlines, lambda case, control: self._address(case, process.endpoint))
        if not configuration.stops:
            self._kept[configuration.name] = (process, runner)
        return process, runner

    def _end(self, process: TargetProcess) -> None:
        process.kill()
        self.output += process.output

    def kill(self) -> None:
        """End all processes at once; safe to call twice."""
        for process, _ in self._kept.values():
            with contextlib.suppress(OSError):
                self._end(process)
        self._kept.clear()


class Stopping:
    """A server that is told to shut down when the last of the cases that share it has come so far, or has ended."""

    def __init__(self, process: TargetProcess, cases: int, stops: bool) -> None:
        self._process = process
        self._stops = stops
        self._missing = cases
        self._event = asyncio.Event()

    @property
    def told(self) -> bool:
        """Whether the server has been told."""
        return self._event.is_set()

    async def come_so_far(self) -> None:
        """One case has come so far; returns when the server has been told."""
        self.ended()
        await self._event.wait()

    def ended(self) -> None:
        """One case more need not be waited for."""
        if self.told or not self._stops:
            return
        self._missing -= 1
        if self._missing <= 0:
            self._process.send({"shutdown": True})
            self._event.set()
