"""The route cases of one run: how each connection is made, and one finding for each fault of a handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from .cases.routes import WAYS, tags_of
from .harness.endpoint import Address, Endpoint
from .judge.application import cause
from .model import Case, Finding, Result, Trace, Verdict, worst
from .routes import Route, fresh_visit, with_fresh_messages
from .settings import SettingsError, nearest

_SLOW = ("suite.handler.ends", "suite.handler.tasks-ended")


class Visits:
    """The target's routes, and which faults of their handlers have been found so far."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self._beside: dict[str, Route] = {}
        self._causes: dict[tuple[str, str], str] = {}
        self._expected: list[Case] = []
        self._visited: set[str] = set()
        self._never_settled: set[str] = set()

    def take(self, routes: Iterable[Route]) -> None:
        """These are the routes from now on."""
        self.routes = {route.subject.path: route for route in routes}

    def placed(self, case: Case, routes: Sequence[Route], unseen: Route | None) -> Case:
        """A case of the user's own with the facts of the route that it names; the route can be visited from then on.

        ``unseen`` is the route where nothing shows which ones there are. Raises `SettingsError` for an unknown route.
        """
        path = str(case.tags["route"])
        route = next((route for route in routes if route.subject.path == path), None)
        route = route or unseen
        if route is None:
            paths = [route.subject.path for route in routes]
            shown = nearest(path, paths) or (f" (its routes: {', '.join(paths[:8])})" if paths else "")
            raise SettingsError(f"{case.full_id}: the target has no WebSocket route {path}{shown}")
        self._beside[path] = route
        return replace(case, tags={**tags_of(route.subject), **case.tags, "denial": None})

    def expect(self, cases: Iterable[Case]) -> None:
        """These route cases will be run, here or by another worker of the same session, in whatever order."""
        order = list(WAYS)
        ways = (case for case in cases if case.kind == "route" and case.id in WAYS)
        self._expected = sorted(ways, key=lambda case: order.index(case.id))

    def begin(self, case: Case) -> None:
        """A case is about to be run."""
        self._visited.add(case.full_id)

    def before(self, case: Case) -> list[Case]:
        """The cases of the same route that come before this one and have not been run in this process.

        A fault belongs to the first case that shows it, in the order of the ways: so it does not matter in which
        order, or by which worker, they are run.
        """
        ids = [one.full_id for one in self._expected]
        earlier = self._expected[: ids.index(case.full_id)] if case.full_id in ids else []
        route = case.tags["route"]
        return [one for one in earlier if one.tags["route"] == route and one.full_id not in self._visited]

    def address(self, case: Case, endpoint: Endpoint) -> Address:
        """Where and how the client connects for one connection of a route case."""
        path = case.tags["route"]
        visit = fresh_visit((self.routes.get(path) or self._beside[path]).visit)
        headers = [pair for pair in visit.headers if not (visit.host and pair[0].lower() == "host")]
        if visit.host:
            headers.append(("Host", visit.host))
        return Address(endpoint, visit.path, headers=headers, subprotocols=visit.subprotocols)

    def prepared(self, case: Case) -> Case:
        """The case with fresh values; where its handler is known not to end, another long wait would prove no more."""
        known = {requirement for route, requirement in self._causes if route == case.tags["route"]}
        tags: dict[str, Any] = {**case.tags, "brief": True} if known & set(_SLOW) else dict(case.tags)
        steps = case.steps
        if case.tags["route"] in self._never_settled:
            steps = tuple(replace(s, args={**s.args, "brief": True}) if s.op == "settled" else s for s in steps)
        return with_fresh_messages(replace(case, tags=tags, steps=steps))

    def learn(self, case: Case, trace: Trace) -> None:
        """A handler that did not come to wait for a message will not do so the next time either."""
        if trace.at("client", "unsettled") and case.tags.get("way") != "stops-reading":
            self._never_settled.add(case.tags["route"])

    def folded(self, result: Result) -> Result:
        """The result with every fault that an earlier case has shown already reduced to a note that names that case."""
        if not result.attempts or result.case.id not in WAYS:
            return result
        findings = tuple(self._folded(result.case, finding) for finding in result.findings)
        if findings == result.findings:
            return result
        verdict = worst(finding.verdict for finding in findings)
        last = replace(result.attempts[-1], findings=findings, verdict=verdict)
        breached = any(finding.verdict in (Verdict.WARN, Verdict.FAIL) for finding in findings)
        layer = result.layer if breached else None
        return replace(result, verdict=verdict, layer=layer, attempts=(*result.attempts[:-1], last))

    def _folded(self, case: Case, finding: Finding) -> Finding:
        if finding.verdict not in (Verdict.WARN, Verdict.FAIL):
            return finding
        first = self._causes.get((case.tags["route"], cause(finding)))
        if first is None or first == case.full_id:
            return finding
        return finding._replace(verdict=Verdict.NOTE, message=f"the same cause as in {first}", fix="")

    def note(self, result: Result) -> None:
        """Remember the faults that a result shows, those that are known as well; call it once they are confirmed."""
        for finding in result.findings if result.case.id in WAYS else ():
            if finding.verdict in (Verdict.KNOWN, Verdict.WARN, Verdict.FAIL):
                self._causes.setdefault((result.case.tags["route"], cause(finding)), result.case.full_id)


async def side_by_side(
    cases: Sequence[Case], limit: int, look: Callable[[Case], Awaitable[tuple[Result | None, bool]]]
) -> dict[int, Result]:
    """Look at so many routes at once, at the cases of each one by one; the results by the places of their cases.

    ``look`` gives no result for a case that has to be visited alone, and says whether its route goes on in company.
    """
    places: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        places.setdefault(case.tags["route"], []).append(place)
    slots = asyncio.Semaphore(limit)
    found: dict[int, Result] = {}

    async def one_route(own: Sequence[int]) -> None:
        async with slots:
            for place in own:
                result, goes_on = await look(cases[place])
                if result is not None:
                    found[place] = result
                if not goes_on:
                    return

    async with asyncio.TaskGroup() as group:
        for own in places.values():
            group.create_task(one_route(own))
    return found
