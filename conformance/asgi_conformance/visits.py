"""The route cases of one run: how each connection is made, and one finding for each fault of a handler."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .cases.routes import WAYS
from .harness.lane import Address
from .judge.application import cause
from .model import Case, Finding, Result, Verdict, worst
from .routes import Route, fresh_visit, with_fresh_messages

_SLOW = ("suite.handler.ends", "suite.handler.tasks-ended")


class Visits:
    """The target's routes, and which faults of their handlers have been found so far."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self._causes: dict[tuple[str, str], str] = {}
        self._expected: list[Case] = []
        self._visited: set[str] = set()

    def take(self, routes: Iterable[Route]) -> None:
        """These are the routes from now on."""
        self.routes = {route.subject.path: route for route in routes}

    def expect(self, cases: Iterable[Case]) -> None:
        """These route cases will be run, here or by another worker of the same session, in whatever order."""
        order = list(WAYS)
        self._expected = sorted((case for case in cases if case.kind == "route"), key=lambda case: order.index(case.id))

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

    def address(self, case: Case, port: int) -> Address:
        """Where and how the client connects for one connection of a route case."""
        visit = fresh_visit(self.routes[case.tags["route"]].visit)
        headers = [pair for pair in visit.headers if not (visit.host and pair[0].lower() == "host")]
        if visit.host:
            headers.append(("Host", visit.host))
        return Address(port, visit.path, headers=headers, subprotocols=visit.subprotocols)

    def prepared(self, case: Case) -> Case:
        """The case with fresh values; where its handler is known not to end, another long wait would prove no more."""
        known = {requirement for route, requirement in self._causes if route == case.tags["route"]}
        tags: dict[str, Any] = {**case.tags, "brief": True} if known & set(_SLOW) else dict(case.tags)
        return with_fresh_messages(replace(case, tags=tags))

    def folded(self, result: Result) -> Result:
        """The result with every fault that an earlier case has shown already reduced to a note that names that case."""
        if not result.attempts:
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
        return replace(finding, verdict=Verdict.NOTE, message=f"the same cause as in {first}", fix="")

    def note(self, result: Result) -> None:
        """Remember the faults that a result shows; call it once they are confirmed."""
        for finding in result.findings:
            if finding.verdict in (Verdict.WARN, Verdict.FAIL):
                self._causes.setdefault((result.case.tags["route"], cause(finding)), result.case.full_id)
