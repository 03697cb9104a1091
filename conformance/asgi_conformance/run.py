"""Where cases and harness meet: one run against one target, from the launch to the last verdict."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from .addresses import OUTERMOST, probe_address
from .applicability import Stack, unmet
from .dialects import as_decided
from .doubts import proves_nothing, stood_still, waited, with_control
from .foresight import answers_first, perilous
from .garbage import unsearched
from .harness.endpoint import Address
from .harness.process import StartError, TargetProcess
from .harness.runner import Ran, Runner
from .judge import Context, Judgement, as_accepted, judge
from .judge.application import death
from .judge.blocked import REQUIREMENT as BLOCKED
from .launching import deadlines, launch, start
from .loops import end_tasks
from .model import Attempt, Case, Component, Result, ServerInfo, Trace, Verdict
from .plan import Plan as Plan
from .preflight import WITNESSES, middleware_of, preflight_case, reached, refusal, silent
from .results import summarized
from .routes import cases_of, route_named, routes_of
from .separate import Separate
from .visits import Visits, side_by_side

# Cases that block the loop are run again one by one, each on a fresh process; after so many the rest is not judged.
STANDSTILLS = 5
T = TypeVar("T")
_DOUBTFUL = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)
# A loop that has not turned for so long, in microseconds, is given up for what comes next.
STANDSTILL_US = 2_000_000


class Run:
    """One target under one server. Everything runs on a loop of its own, only while `results` is called."""

    def __init__(self, plan: Plan, started: TargetProcess | None = None) -> None:
        self.plan = plan
        self.deadlines = deadlines(plan)
        self.server: ServerInfo | None = None
        self.facts: dict[str, Any] = {}
        self.outputs: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._process: TargetProcess | None = started or start(plan)
        self._runner: Runner | None = None
        self._context: Context | None = None
        self.refused: str = ""
        self._telling: tuple[str, ...] = ()
        self.middleware: tuple[Component, ...] = ()
        self._standstills = self._early_deaths = 0
        self._separate = Separate(
            lambda: launch(plan), self.deadlines, lambda case, at: probe_address(case, at, plan.settings)
        )
        self._briefly = False
        self._applying: dict[int, Case] = {}  # of the batch under way, by identity
        self.visits = Visits()

    @property
    def framework(self) -> dict[str, Any]:
        """Name and version of the target's framework."""
        return self.facts.get("framework") or {}

    @property
    def product(self) -> str:
        """The framework that makes the WebSocket objects, by the name of its requirements; '' for none."""
        return "starlette" if "starlette" in self.framework else self.framework.get("name", "")

    @property
    def bare(self) -> bool:
        """Whether the bare probe stands in for the target in every probe case: it uses no framework that is known."""
        return not self.framework

    def ready(self) -> None:
        """Wait until the server accepts connections; then the preflight. Raises `StartError`."""
        self._loop.run_until_complete(self._ready())

    async def _ready(self) -> None:
        process = self._process
        assert process is not None
        process.attach(self._loop)
        await process.ready()
        self.facts = facts = process.facts
        server = facts["server"]
        self._runner = Runner(process, self.deadlines, self._address)
        name, version, ws = server["name"], server["version"], server["ws"]
        more = {"http": server["http"] + self.plan.beneath, "loop": server["loop"]}
        self.server = ServerInfo(self.plan.server_id, name, version, ws, **more)
        ran = await self._runner.run(preflight_case())
        if not reached(ran.trace):
            # Some targets import or build their framework at the first connection only.
            ran = await self._runner.run(preflight_case())
        entered = ran.trace.at("outer", "enter")
        self.middleware = middleware_of(ran.trace)
        if entered:
            data = entered[0].data
            self.server = replace(self.server, spec_version=data["spec_version"], extensions=tuple(data["extensions"]))
        framework = self.framework
        version = framework.get("starlette") or framework.get("version") or ""
        versions = {framework["name"]: framework["version"]} if framework else {}
        may, accepted = self.plan.settings.may, self.plan.accepting(self.server, framework)
        self._context = Context(self.server, self.product, version, may, accepted=accepted, versions=versions)
        self.refused = refusal(ran.trace, framework, self.plan.settings)
        self._telling = WITNESSES if self.refused and silent(ran.trace) else ()

    def _address(self, case: Case, control: bool) -> Address:
        assert self._process is not None
        if case.kind == "route":
            return self.visits.address(case, self._process.endpoint)
        return probe_address(case, self._process.endpoint, self.plan.settings)

    def results(self, cases: Sequence[Case]) -> list[Result]:
        """Run and judge some cases; what is not right is run again alone, with its control."""
        # Traces are kept, so there is next to no garbage in a batch, and much for a collector to look through.
        with unsearched():
            return self._loop.run_until_complete(self._results([as_decided(case, self.product) for case in cases]))

    def summaries(self, cases: Sequence[Case]) -> list[Result]:
        """As `results`, without what only a report shows, which is let go as each case is judged."""
        self._briefly = True
        try:
            return [summarized(result) if result.trace.observations else result for result in self.results(cases)]
        finally:
            self._briefly = False

    def look(self, case: Case) -> Result:
        """Run and judge a case once, whatever it comes to."""
        return self._loop.run_until_complete(self._once(as_decided(case, self.product)))

    async def _once(self, case: Case) -> Result:
        await self._revive()
        assert self._runner is not None
        return self._first(await self._runner.run(case, self._bared(case)))

    def meanwhile(self, work: Callable[[TargetProcess], Coroutine[Any, Any, Any]]) -> Any:
        """Let something else talk to the target's process, on this run's loop."""
        return self._loop.run_until_complete(work(self._process))  # type: ignore[arg-type]

    @property
    def routes(self) -> list[dict[str, Any]]:
        """The target's own routes for the report: path, handler, file and line."""
        return [route.fact for route in self.visits.routes.values()]

    def route_cases(self, every: bool = False) -> list[Case]:
        """The cases of the target's own routes once it is ready, or of ``every`` one whatever the settings say.

        Raises `SettingsError` where the settings name a route that the target does not have.
        """
        assert self._runner is not None
        found = self._loop.run_until_complete(self._runner.routes())
        self.visits.take(routes_of(found, self.plan.settings, self.plan.app_dir, every))
        return cases_of(self.visits.routes.values())

    def on_its_route(self, case: Case) -> Case:
        """A case of the user's own with what is known of its route. Raises `SettingsError` where there is none."""
        assert self._runner is not None
        found = self._loop.run_until_complete(self._runner.routes())
        settings, folder, path = self.plan.settings, self.plan.app_dir, case.tags["route"]
        unseen = None if found else route_named(path, settings, folder)
        return self.visits.placed(case, routes_of(found, settings, folder, every=True), unseen)

    async def _results(self, cases: Sequence[Case]) -> list[Result]:
        together = iter(await self._together([case for case in cases if case.kind != "route"]))
        visited = iter(await self._visits([case for case in cases if case.kind == "route"]))
        return [next(visited) if case.kind == "route" else next(together) for case in cases]

    async def _visits(self, cases: Sequence[Case]) -> list[Result]:
        """Route cases one by one, as routes share state; where the settings allow it, first in company."""
        limit = self.plan.settings.routes_concurrency
        found = await side_by_side(cases, limit, self._look) if limit > 1 else {}
        return [found.get(place) or await self._visit(case) for place, case in enumerate(cases)]

    async def _look(self, case: Case) -> tuple[Result | None, bool]:
        """A visit in company. What is not right there may be another route's doing, and is left to a visit alone."""
        assert self._runner is not None
        if self._process is None or self._process.dead or self._process.loop_lag_us > STANDSTILL_US:
            return None, False
        ran = await self._runner.run(self.visits.prepared(case))
        self.visits.learn(case, ran.trace)
        result = self._first(replace(ran, case=case))
        if ran.crashed or waited(ran):
            return None, False
        if result.verdict in _DOUBTFUL:
            return None, True
        self.visits.begin(case)
        self.visits.note(result)
        return result, True

    async def _visit(self, case: Case) -> Result:
        """One route case, alone: routes share state."""
        self.visits.begin(case)
        await self._revive()
        assert self._runner is not None
        ran = await self._runner.run(self.visits.prepared(case))
        self.visits.learn(case, ran.trace)
        result = self.visits.folded(self._first(replace(ran, case=case)))
        if ran.crashed or result.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.ERROR):
            for earlier in self.visits.before(case):
                await self._visit(earlier)
            result = self.visits.folded(await self._again(result, ran))
        self.visits.note(result)
        return result

    async def _revive(self) -> None:
        """Start the target again where its process has ended, or where its loop stands still."""
        if self._process is None or self._process.dead or self._process.loop_lag_us > STANDSTILL_US:
            await self._restart()

    async def _together(self, cases: Sequence[Case]) -> list[Result]:
        assert self.server is not None
        # What cannot be judged or does not apply is not run: where it hangs, it would cost its deadlines. What may end
        # the process is run alone.
        apart = [perilous(case, self.server) for case in cases]
        unheeded = [bool(self._unjudged(case) or self._missing(case)) for case in cases]
        self._applying = {id(case): case for case, one in zip(cases, unheeded, strict=True) if not one}
        spared = [one or other for one, other in zip(unheeded, apart, strict=True)]
        jobs = [(c, self._bared(c)) for c, spare in zip(cases, spared, strict=True) if not spare]
        done = iter(await self._all(jobs, self._seen))
        left_out = (Ran(case, Trace(()), 0) for case, spare in zip(cases, spared, strict=True) if spare)
        seen = [(one := next(left_out), self._first(one)) if spare else next(done) for spare in spared]
        ran, results = [one for one, _ in seen], [result for _, result in seen]
        ran = [replace(r, crashed=True) if a and not u else r for r, a, u in zip(ran, apart, unheeded, strict=True)]
        doubtful = [p for p, r in enumerate(results) if ran[p].started and (ran[p].crashed or r.verdict in _DOUBTFUL)]
        blocked = any(stood_still(results[p]) for p in doubtful)
        alone = [p for p in doubtful if blocked or ran[p].crashed or not waited(ran[p])]
        waiting = [p for p in doubtful if p not in alone]
        # What only waits disturbs nobody: the repetitions of those may wait side by side.
        jobs = [(cases[p], control or self._bared(cases[p])) for p in waiting for control in (False, True)]
        repeated = iter(await self._all(jobs, lambda one: one))
        for place in waiting:
            results[place] = self._repeated(results[place], ran[place], next(repeated), next(repeated))
        for place in alone:
            results[place] = await self._again(results[place], ran[place])
        # What found no process any more is free of suspicion, and goes on in company.
        if left := [place for place, one in enumerate(ran) if not one.started]:
            await self._revive()
            for place, result in zip(left, await self._together([cases[place] for place in left]), strict=True):
                results[place] = result
        return results

    async def _all(self, jobs: Iterable[tuple[Case, bool]], seen: Callable[[Ran], T]) -> list[T]:
        """Perform all; each is ``seen`` as it ends, while the server is at work on the others."""
        assert self._runner is not None
        done: dict[int, T] = {}
        placed = list(enumerate(jobs))
        shared = [(place, job) for place, job in placed if not job[0].server]
        apart = [(place, *job) for place, job in placed if job[0].server]
        async with asyncio.TaskGroup() as group:
            # They mostly wait, so they go first.
            others = group.create_task(self._separate.run_all(apart)) if apart else None
            every = [job for _, job in shared]
            await self._runner.run_all(every, lambda at, ran: done.update({shared[at][0]: seen(ran)}))
        done.update({place: seen(ran) for place, ran in (others.result() if others is not None else {}).items()})
        return [done[place] for place in sorted(done)]

    def _seen(self, ran: Ran) -> tuple[Ran, Result]:
        """What a case comes to at first; of one that need not be run again, only what is kept for the end."""
        result = self._first(ran)
        if ran.crashed or result.verdict in _DOUBTFUL or not self._briefly:
            return ran, result
        return Ran(ran.case, Trace(()), ran.duration_us, started=ran.started), summarized(result)

    async def _perform(self, case: Case, control: bool) -> Ran:
        """One case alone, on the server that it needs."""
        assert self._runner is not None
        return await (self._separate if case.server else self._runner).run(case, control=control)

    def _unjudged(self, case: Case) -> bool:
        """Whether a case needs the probe, which is out of reach."""
        return bool(self.refused) and case.kind == "probe" and not (self._bared(case) or case.full_id in self._telling)

    def _bared(self, case: Case) -> bool:
        return case.kind == "probe" and (self.bare or OUTERMOST in case.needs)

    def _judge(self, ran: Ran) -> Judgement:
        assert self._context is not None
        if self._unjudged(ran.case):
            return Judgement(Verdict.SKIP, None, (), self.refused)
        missing = self._missing(ran.case)
        if missing:
            return Judgement(Verdict.SKIP, None, (), missing)
        judgement = judge(ran.case, ran.trace, self._context)
        unreached = ran.case.kind == "route" and not ran.trace.at("route", "enter")
        undecided = Verdict.ERROR if ran.case.full_id in self._telling else Verdict.SKIP
        if self.refused and judgement.verdict is undecided and (unreached or ran.case.full_id in self._telling):
            return replace(judgement, verdict=Verdict.SKIP, layer=None, reason=self.refused)
        return judgement

    def _missing(self, case: Case) -> str:
        """Why a case does not apply to this server and framework, '' if it does."""
        assert self.server is not None
        if self._early_deaths >= STANDSTILLS and answers_first(case):
            return f"not judged: an answer before the first receive ends the process, as in {STANDSTILLS} other cases"
        if self._applying.get(id(case)) is case:
            return ""
        stack = Stack(self.server, self.framework, self.product, self.middleware, self._context, self.plan.unix)
        return unmet(case, self.plan.server, stack)

    def _first(self, ran: Ran) -> Result:
        judgement = self._judge(ran)
        attempt = Attempt(judgement.verdict, judgement.findings, ran.trace, ran.duration_us, judgement.reason)
        return self._result(ran.case, judgement, (attempt,))

    def _result(
        self, case: Case, judgement: Judgement, attempts: tuple[Attempt, ...], unstable: bool = False
    ) -> Result:
        return Result(
            case=case,
            node_id=f"conformance::{self.plan.node_name(case)}",
            server=self.plan.server_id,
            verdict=judgement.verdict,
            layer=judgement.layer,
            attempts=attempts,
            reason=judgement.reason,
            unstable=unstable,
            reproduce=self.plan.reproduce(case),
        )

    async def _again(self, first: Result, ran: Ran) -> Result:
        """Run a case alone, and its control; two different answers are shown as unstable."""
        if stood_still(first) and self._standstills >= STANDSTILLS:
            reason = (
                f"not judged: the event loop was blocked, as in {STANDSTILLS} other cases (see asgi.application.async)"
            )
            return replace(first, verdict=Verdict.SKIP, layer=None, reason=reason)
        if ran.crashed and self._missing(first.case):
            return self._first(replace(ran, trace=Trace(())))
        await self._revive()
        assert self._runner is not None
        case = self.visits.prepared(first.case) if first.case.kind == "route" else first.case
        second = await self._perform(case, self._bared(case))
        control = None
        doubtful = not second.crashed and self._judge(second).verdict in _DOUBTFUL
        if first.case.kind == "probe" and doubtful and not self.bare:
            control = await self._perform(first.case, True)
        return self._repeated(first, ran, second, control)

    def _repeated(self, first: Result, ran: Ran, second: Ran, control: Ran | None) -> Result:
        """What a case comes to after it was run twice, with its control."""
        if second.crashed:
            return self._culprit(first, second)
        judgement = self._judge(second)
        if control is not None and first.case.kind == "probe":
            judgement = with_control(judgement, control, self._judge)
        attempt = Attempt(judgement.verdict, judgement.findings, second.trace, second.duration_us, judgement.reason)
        # Whose process another case ended or blocked was not run at all.
        victim = ran.crashed or stood_still(first) or proves_nothing(first, ran)
        attempts = (attempt,) if victim else (*first.attempts, attempt)
        unstable = not victim and judgement.verdict is not first.verdict
        if any(finding.requirement == BLOCKED for finding in judgement.findings):
            self._standstills += 1
        return self._result(first.case, judgement, attempts, unstable)

    def _culprit(self, first: Result, ran: Ran) -> Result:
        """The case that ends the target's process."""
        assert self._process is not None
        how = self._separate.death if first.case.server else self._process.death()
        reason = f"the target's process ended ({how}) while this case ran alone"
        finding = as_accepted(death(first.case, ran.trace, how), first.case, self._context)
        self._early_deaths += finding.verdict is Verdict.KNOWN and answers_first(first.case)
        attempt = Attempt(finding.verdict, (finding,), ran.trace, ran.duration_us, reason)
        return self._result(first.case, Judgement(finding.verdict, finding.layer, (finding,), reason), (attempt,))

    async def _restart(self) -> None:
        if self._process is not None:
            self._process.kill()
            self.outputs.append(self._process.output)
        self._process = start(self.plan)
        await self._ready()

    def begin_stop(self) -> None:
        """Tell the server to shut down, and do not wait for it: the report is written meanwhile."""
        if self._process is not None and self._process.attached and not self._process.dead:
            self._process.begin_stop()

    def stop(self, at_once: bool = False) -> str:
        """Shut everything down, whatever state it is in; the last of what the target printed."""
        self._separate.kill()
        if self._process is not None:
            with contextlib.suppress(StartError):
                if not at_once and not self._loop.is_closed():
                    end_tasks(self._loop)
                    self._loop.run_until_complete(self._stop())
            self._process.kill()
            self.outputs.append(self._process.output)
            self._process = None
        self._loop.close()
        return "".join(self.outputs)

    async def _stop(self) -> None:
        assert self._process is not None
        if not self._process.attached:
            self._process.attach(self._loop)
        await self._process.stop()
