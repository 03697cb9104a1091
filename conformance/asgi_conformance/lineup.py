"""The servers of one session, each with a run of its own: what is asked of all of them, and what of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .model import Case, ServerInfo
from .options import Options
from .plan import Plan


class Lineup:
    """The runs of one session, by the server's name in node ids. All start at once; cases run server by server."""

    def __init__(self, options: Options) -> None:
        self.plans = tuple(_plans(options))
        self._url = options.url
        # What stands in for the run of an endpoint is asked for no routes, and for nothing of a process.
        self.runs: dict[str, Any] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The servers' names in node ids, in the order of the command line."""
        return tuple(plan.server_id for plan in self.plans)

    def launch(self) -> None:
        """Start every server's child. Raises `StartError`; what has been started then is stopped by `stop`."""
        if self._url is not None:
            from .deployed.run import DeployedRun

            self.runs[self.plans[0].server_id] = DeployedRun(self.plans[0], self._url)
            return
        from .launching import start

        # They import their targets while this process imports the rest of the suite.
        started = []
        try:
            for plan in self.plans:
                started.append(start(plan))
            from .run import Run

            for plan, process in zip(self.plans, started, strict=True):
                self.runs[plan.server_id] = Run(plan, process)
        except BaseException:
            for process in started[len(self.runs) :]:
                process.kill()
            raise

    def node_id(self, case: Case, server: str) -> str:
        """The node id of a case under one of the servers, without the collector's part."""
        return next(plan for plan in self.plans if plan.server_id == server).node_name(case)

    def of_server(self, pattern: str) -> tuple[str, tuple[str, ...]]:
        """A pattern of case ids without the server that it may end with, and the servers that it speaks of."""
        if len(self.plans) > 1:
            for name in self.names:
                for end, kept in ((f"[@{name}]", ""), (f"@{name}]", "]")):
                    if pattern.endswith(end):
                        return pattern.removesuffix(end) + kept, (name,)
        return pattern, self.names

    def servers(self) -> list[ServerInfo]:
        """The servers as they were found, of those that are ready."""
        return [run.server for run in self.runs.values() if run.server is not None]

    def shown(self, server: str) -> str:
        """One server for a person: ``uvicorn 0.54.0 (websockets-sansio)``."""
        run = self.runs.get(server)
        found = run.server if run is not None else None
        if not found or not found.version:
            return server
        return f"{found.name} {found.version} ({found.ws})"

    def refusals(self) -> str:
        """Why the probe is out of reach, '' where it is not; by server where they differ."""
        reasons: dict[str, list[str]] = {}
        for name, run in self.runs.items():
            reasons.setdefault(run.refused, []).append(name)
        if len(reasons) < 2:
            return next(iter(reasons), "")
        return "\n".join(f"Under {', '.join(names)}: {reason}" for reason, names in reasons.items() if reason)

    def first(self, name: str, default: Any) -> Any:
        """What the runs say of the target (routes, middleware, framework, facts): the first that says something."""
        return next((found for run in self.runs.values() if (found := getattr(run, name, None))), default)

    def begin_stop(self) -> None:
        """Tell every server to shut down, and do not wait for it."""
        for run in self.runs.values():
            run.begin_stop()

    def stop(self, at_once: bool = False) -> str:
        """Shut everything down; the last of what the targets printed."""
        return "".join(run.stop(at_once) for run in self.runs.values())


def _plans(options: Options) -> Iterable[Plan]:
    if options.url is not None:
        plan = Plan(options.target, "", server="url", settings=options.settings, arguments=options.launch)
        yield replace(plan, accepted=options.baseline.standing if options.baseline is not None else ())
        return
    several = len(options.servers) > 1
    for name, ws in options.servers or ((options.server, options.ws),):
        word = f"--server={name}" if ws == "auto" else f"--server={name}:{ws}"
        launch = tuple(given for given in options.launch if not given.startswith("--server="))
        yield Plan(
            options.target,
            options.app_dir,
            options.factory,
            options.python,
            name,
            ws,
            options.settings,
            (*launch, word) if several else options.launch,
            several,
            options.baseline.standing if options.baseline is not None else (),
            options.tls,
            options.unix,
        )
