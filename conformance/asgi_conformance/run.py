"""Where cases and harness meet: one run against one target, from the launch to the last verdict."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .harness.deadlines import Deadlines
from .harness.lane import Address
from .harness.process import Launch, StartError, TargetProcess
from .harness.runner import Ran, Runner
from .judge import Context, Judgement, judge
from .model import Attempt, Case, Finding, Layer, Result, ServerInfo, Verdict
from .settings import Settings

PROBE = "/__asgi_conformance__"
# Cases in one batch: enough to keep the server busy, few enough that -x and progress are prompt.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user asked for: the target, how it is launched, and the settings."""

    target: str
    app_dir: str
    factory: bool = False
    python: str = ""
    server: str = "uvicorn"
    ws: str = "auto"
    settings: Settings = Settings()  # noqa: RUF009  (frozen)

    @property
    def server_id(self) -> str:
        """The server's name in node ids: ``uvicorn-wsproto``."""
        return self.server if self.ws == "auto" else f"{self.server}-{self.ws}"


class Run:
    """One target under one server. Everything runs on a loop of its own, only while `results` is called."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.deadlines = Deadlines(plan.settings.deadline)
        self.server: ServerInfo | None = None
        self.facts: dict[str, Any] = {}
        self.outputs: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._process: TargetProcess | None = None
        self._runner: Runner | None = None
        self._context: Context | None = None
        self.refused: str = ""
        self.spawn()

    def spawn(self) -> None:
        """Start the child; it starts up while pytest goes on. Raises `StartError` where there is nothing to run."""
        launch = Launch(
            target=self.plan.target,
            app_dir=self.plan.app_dir,
            factory=self.plan.factory,
            server=self.plan.server,
            ws=self.plan.ws,
            probe_path=PROBE,
            env=self.plan.settings.env,
        )
        if self.plan.python:
            launch = replace(launch, python=self.plan.python)
        self._process = TargetProcess(launch, self.deadlines)

    @property
    def framework(self) -> dict[str, str]:
        """Name and version of the target's framework, as found in its environment."""
        return self.facts.get("framework") or {}

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
        self.server = ServerInfo(self.plan.server_id, name, version, ws, server["http"], server["loop"])
        ran = await self._runner.run(preflight_case())
        entered = ran.trace.at("outer", "enter")
        if entered:
            data = entered[0].data
            self.server = replace(self.server, spec_version=data["spec_version"], extensions=tuple(data["extensions"]))
        framework = self.framework
        version = framework.get("starlette") or framework.get("version") or ""
        self._context = Context(self.server, "starlette" if framework else "", version, self.plan.settings.may)
        self.refused = preflight_refusal(ran)

    def _address(self, case: Case, control: bool) -> Address:
        assert self._process is not None
        settings = self.plan.settings
        path = settings.probe_prefix + PROBE
        if settings.query:
            path += "?" + settings.query
        return Address(self._process.port, path, headers=settings.request_headers, subprotocols=settings.subprotocols)

    def results(self, cases: Sequence[Case]) -> list[Result]:
        """Run and judge some cases; what is not right is run again alone, with its control."""
        return self._loop.run_until_complete(self._results(cases))

    async def _results(self, cases: Sequence[Case]) -> list[Result]:
        ran = await self._all([(case, False) for case in cases])
        results = [self._first(one) for one in ran]
        for place, result in enumerate(results):
            if ran[place].crashed or result.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.ERROR):
                results[place] = await self._again(result, ran[place])
        return results

    async def _all(self, jobs: Iterable[tuple[Case, bool]]) -> list[Ran]:
        assert self._runner is not None
        done: dict[int, Ran] = {}
        await self._runner.run_all(jobs, done.__setitem__)
        return [done[place] for place in sorted(done)]

    def _judge(self, ran: Ran) -> Judgement:
        assert self._context is not None
        if self.refused and ran.case.kind == "probe":
            return Judgement(Verdict.SKIP, None, (), self.refused)
        missing = self._missing(ran.case)
        if missing:
            return Judgement(Verdict.SKIP, None, (), missing)
        return judge(ran.case, ran.trace, self._context)

    def _missing(self, case: Case) -> str:
        """Why a case does not apply to this server and framework, '' if it does."""
        assert self.server is not None
        for need in case.needs:
            if need == "denial" and "websocket.http.response" not in self.server.extensions:
                return "the server does not offer denial responses (websocket.http.response)"
            if need.startswith("framework:") and need.partition(":")[2] not in (self.framework.get("name"), *self.framework):
                return f"the target does not use {need.partition(':')[2]}"
        return ""

    def _first(self, ran: Ran) -> Result:
        judgement = self._judge(ran)
        attempt = Attempt(judgement.verdict, judgement.findings, ran.trace, ran.duration_us, judgement.reason)
        return self._result(ran.case, judgement, (attempt,))

    def _result(self, case: Case, judgement: Judgement, attempts: tuple[Attempt, ...], unstable: bool = False) -> Result:
        return Result(
            case=case,
            node_id=f"conformance::{case.full_id}",
            server=self.plan.server_id,
            verdict=judgement.verdict,
            layer=judgement.layer,
            attempts=attempts,
            reason=judgement.reason,
            unstable=unstable,
            reproduce=f"pytest --target={shlex.quote(self.plan.target)} --case={shlex.quote(case.full_id)}",
        )

    async def _again(self, first: Result, ran: Ran) -> Result:
        """Run a case alone, and its control; two different answers are shown as unstable."""
        if self._process is None or self._process.dead:
            await self._restart()
        assert self._runner is not None
        second = await self._runner.run(first.case)
        if second.crashed:
            return self._culprit(first, second)
        judgement = self._judge(second)
        control = None
        if first.case.kind == "probe":
            control = await self._runner.run(first.case, control=True)
            judgement = self._with_control(judgement, control)
        attempt = Attempt(judgement.verdict, judgement.findings, second.trace, second.duration_us, judgement.reason)
        attempts = (attempt,) if ran.crashed else (*first.attempts, attempt)
        unstable = not ran.crashed and judgement.verdict is not first.verdict
        return self._result(first.case, judgement, attempts, unstable)

    def _with_control(self, judgement: Judgement, control: Ran) -> Judgement:
        """A finding that the bare probe shows too is the server's."""
        if judgement.layer not in (Layer.MIDDLEWARE, Layer.FRAMEWORK) or control.crashed:
            return judgement
        bare = self._judge(control)
        breached = {f.requirement for f in bare.findings if f.layer is Layer.SERVER and f.verdict is Verdict.FAIL}
        mine = {f.requirement for f in judgement.findings if f.verdict is Verdict.FAIL}
        return replace(judgement, layer=Layer.SERVER) if mine and mine <= breached else judgement

    def _culprit(self, first: Result, ran: Ran) -> Result:
        """The case that ends the target's process."""
        assert self._process is not None
        how = self._process.death()
        reason = f"the target's process ended ({how}) while this case ran alone"
        finding = Finding(
            "asgi.application.one-connection",
            *_level_of("asgi.application.one-connection"),
            Verdict.FAIL,
            Layer.APPLICATION if first.case.kind == "route" else Layer.SERVER,
            "outer",
            "the process goes on",
            f"the process ended ({how})",
        )
        attempt = Attempt(Verdict.FAIL, (finding,), ran.trace, ran.duration_us, reason)
        return self._result(first.case, Judgement(Verdict.FAIL, finding.layer, (finding,), reason), (attempt,))

    async def _restart(self) -> None:
        if self._process is not None:
            self._process.kill()
            self.outputs.append(self._process.output)
        self.spawn()
        await self._ready()

    def stop(self) -> str:
        """Shut everything down, whatever state it is in; the last of what the target printed."""
        if self._process is not None:
            with contextlib.suppress(StartError):
                if not self._loop.is_closed():
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


def _level_of(requirement: str) -> tuple[Any, Any]:
    from . import requirements

    found = requirements.get(requirement)
    return found.level, found.binds


def preflight_case() -> Case:
    """One probe connection before all others: does it reach the probe at all?"""
    from .script import App, CaseFunction, Client

    def preflight(client: Client, app: App) -> None:
        """The probe answers."""
        client.opens()
        app.accepts()
        client.closes(1000)
        app.is_disconnected(1000)

    return next(iter(CaseFunction("preflight", preflight, (), None, "probe", frozenset(), None).cases()))


def preflight_refusal(ran: Ran) -> str:
    """Why no probe case can be judged, '' when the probe answered."""
    if ran.trace.at("app", "op"):
        return ""
    response = next(iter(ran.trace.at("wire", "response")), None)
    got = f"HTTP {response.data['status']}" if response is not None else "no answer"
    below = [o for o in ran.trace.observations if o.kind == "enter"]
    who = next((o.data["below"] for o in reversed(below) if o.data.get("below")), None)
    name = f"{who['name']} ({who['file']}:{who['line']})" if who else "the target"
    return f"the probe was not reached: {name} answered {got}"
