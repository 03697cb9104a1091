"""One run against a deployed endpoint: it stands in the place of `run.Run`, with one connection after the other."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .. import deviations
from ..deviations import Deviation
from ..harness.deadlines import Deadlines
from ..harness.endpoint import Address
from ..harness.lane import ClientLane, StepFailed
from ..harness.process import StartError
from ..harness.program import compile_case
from ..harness.recording import Recording
from ..harness.waiting import Missed
from ..judge import Context
from ..loops import end_tasks
from ..model import Attempt, Case, Result, ServerInfo, Step, Trace, Verdict
from ..plan import Plan
from ..visits import Visits
from .address import Url, address
from .cases import load
from .judge import judge, late_itself

_DOUBTFUL = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)
_HIDDEN = "[redacted]"
# How to send what an endpoint may ask for, by the status with which it does.
_HINTS = {
    401: 'set "headers" or "cookies" in [tool.asgi-conformance]',
    403: 'set "headers", "cookies" or "origin" in [tool.asgi-conformance]',
    404: "is the path right?",
}


class DeployedRun:
    """One endpoint. Everything runs on a loop of its own, only while `ready` or `results` is called."""

    def __init__(self, plan: Plan, url: Url) -> None:
        self.plan = plan
        self.url = url
        self.server: ServerInfo | None = None
        self.refused = ""
        self.visits = Visits()
        self._deadlines = Deadlines(plan.settings.deadline)
        self._address: Address = address(url, plan.settings)
        self._loop = asyncio.new_event_loop()
        self._lag = 0.0
        self._known: tuple[Deviation, ...] = ()

    def ready(self) -> None:
        """One handshake, which must be accepted. Raises `StartError`, whose message says in one line what came."""
        trace = self._loop.run_until_complete(self._perform(_first()))
        response = next((o.data for o in trace.at("wire", "response")), None)
        if response is None or response["status"] != 101:
            raise StartError("endpoint", f"{self.url.shown}: {_why(trace, response)}")
        name = next((value for key, value in response["headers"] if key.lower() == "server"), "")
        self.server = ServerInfo("url", name or "unnamed", "", "")
        self._known = _known(self.server.name)

    def results(self, cases: Sequence[Case]) -> list[Result]:
        """Run and judge some cases, one by one; what is not right has a second attempt."""
        return [self._result(case) for case in cases]

    def _result(self, case: Case) -> Result:
        attempts = [self._attempt(case)]
        if attempts[0][0].verdict in _DOUBTFUL:
            attempts.append(self._attempt(case))
            if late_itself(attempts[0][0].trace) is not None:
                del attempts[0]  # no other answer contradicts it
        last, layer = attempts[-1]
        return Result(
            case=case,
            node_id=f"conformance::{self.plan.node_name(case)}",
            server="url",
            verdict=last.verdict,
            layer=layer,
            attempts=tuple(attempt for attempt, _ in attempts),
            reason=last.reason,
            unstable=any(attempt.verdict is not last.verdict for attempt, _ in attempts),
            reproduce=self.plan.reproduce(case),
        )

    def _attempt(self, case: Case) -> tuple[Attempt, Any]:
        assert self.server is not None
        began = self._loop.time()
        trace = self._loop.run_until_complete(self._perform(case))
        accepted = self.plan.accepting(self.server, {})
        found = judge(case, trace, Context(self.server, known=self._known, accepted=accepted))
        spent = int((self._loop.time() - began) * 1_000_000)
        return Attempt(found.verdict, found.findings, trace, spent, found.reason), found.layer

    async def _perform(self, case: Case) -> Trace:
        """One connection: each of its waits has a name and a deadline, so that it ends whatever the endpoint does."""
        query = self.plan.settings.query
        recording = _Recording(uuid.uuid4().hex, self._deadlines, query)
        lane = ClientLane(recording, self._address, self._deadlines)
        self._lag = 0.0
        monitor = asyncio.ensure_future(self._measure_lag())
        try:
            await lane.perform(compile_case(self._addressed(case)), lambda index: None)
        except Missed as missed:
            lag = {"own_lag_us": int(self._lag * 1_000_000), "child_loop_lag_us": 0, "child_loop_stack": None}
            missing = {"wait": missed.wait, "seconds": missed.seconds, "app": None}
            recording.observe("client", "deadline", {**missing, **lag})
        except StepFailed as failed:
            why = {"step": failed.step.index, "op": failed.step.op, "why": failed.why}
            recording.observe("client", "failed", why)
        finally:
            monitor.cancel()
            if lane.connection.handshake_problem:
                recording.observe("client", "no-handshake", {"why": lane.connection.handshake_problem})
            lane.connection.discard()
            # What was let go of is closed by the loop in its next turn.
            await asyncio.sleep(0)
        return recording.trace()

    def _addressed(self, case: Case) -> Case:
        """A request that is written as given carries the endpoint's headers all the same."""
        return replace(case, steps=tuple(self._asking(step) for step in case.steps))

    def _asking(self, step: Step) -> Step:
        if step.op != "ask":
            return step
        without = [*step.args["without"], "Host"]
        headers = [*([name, value] for name, value in self._address.headers), *step.args["headers"]]
        return replace(step, args={**step.args, "without": without, "headers": headers})

    async def _measure_lag(self) -> None:
        while True:
            before = self._loop.time()
            await asyncio.sleep(0.05)
            self._lag = max(self._lag, self._loop.time() - before - 0.05)

    def begin_stop(self) -> None:
        """There is nothing to stop: the endpoint is somebody else's."""

    def stop(self, at_once: bool = False) -> str:
        """Let go of the loop; safe to call twice."""
        if not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):
                end_tasks(self._loop)
            self._loop.close()
        return ""


class _Recording(Recording):
    """What was seen, without the query: it may hold credentials."""

    def __init__(self, run_id: str, deadlines: Deadlines, query: str) -> None:
        super().__init__(run_id, deadlines)
        self._query = query

    def observe(self, boundary: str, kind: str, data: dict[str, Any]) -> None:
        if self._query and kind in ("request", "response", "failed"):
            data = {key: self._without(value) for key, value in data.items()}
        super().observe(boundary, kind, data)

    def _without(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("?" + self._query, "?" + _HIDDEN)
        return [self._without(part) for part in value] if isinstance(value, list) else value


def _known(name: str) -> tuple[Deviation, ...]:
    """The shipped deviations of the product that an endpoint names as its server: ``uvicorn``, ``hypercorn-h11``.

    Which release serves, and with which WebSocket implementation, an endpoint does not say. Where a proxy puts its own
    name there, nothing is excused: what stands behind it is not known.
    """
    product = re.split(r"[^a-z]", name.lower(), maxsplit=1)[0]
    return tuple(replace(entry, product=name, ws=()) for entry in deviations.load() if entry.product == product)


def _first() -> Case:
    return next(case for case in load() if case.id == "url.opens")


def _why(trace: Trace, response: Any) -> str:
    """Why an endpoint cannot be judged, for a person."""
    return next(_reasons(trace, response))


def _reasons(trace: Trace, response: Any) -> Iterator[str]:
    if response is not None:
        status = int(response["status"])
        hint = _HINTS.get(status, "")
        location = next((value for key, value in response["headers"] if key.lower() == "location"), "")
        hint = f"it points to {location.partition('?')[0]}" if 300 <= status < 400 and location else hint
        yield f"answered the handshake with {status}" + (f"; {hint}" if hint else "")
    for o in trace.at("client", "no-handshake"):
        yield f"answered with what is no HTTP response ({o.data['why']})"
    for o in trace.at("client", "deadline"):
        yield f"no {o.data['wait']} within {o.data['seconds']:g} s"
    if not trace.at("wire", "connect"):
        for o in trace.at("client", "failed"):
            yield "cannot connect: " + " ".join(str(o.data["why"]).split())
    yield "ended the connection without an answer"
