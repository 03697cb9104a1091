"""Which cases a session runs, in which order, of all that there are for its target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .extended import extended_cases
from .lineup import Lineup
from .model import Case
from .options import Options


class Choice:
    """What the user asked for with options, node ids and settings.

    ``ready`` waits for the servers of the lineup: only they know the target's own routes.
    """

    def __init__(self, options: Options, node_ids: Sequence[str], lineup: Lineup, ready: Callable[[], None]) -> None:
        self._options = options
        self._wanted = (*options.cases, *node_ids)
        self._lineup = lineup
        self._ready = ready
        self._own: tuple[Case, ...] = ()
        self._routes: list[Case] = []
        self._probes: list[Case] = []
        # The ids of the cases of the target's own routes, None where nobody asked the target for them.
        self.visited: list[str] | None = None

    def shipped(self, patterns: Iterable[str] = ("*",)) -> tuple[Case, ...]:
        """The suite's own cases for what is judged: a target, or an endpoint that already runs.

        Of a target's at least those that the patterns name.
        """
        from . import cases as catalogue
        from .deployed import cases as deployed
        from .selection import may_name

        if self._options.url is not None:
            return deployed.load()
        wanted = tuple(patterns)
        return catalogue.load(lambda id: any(may_name(pattern, id) for pattern in wanted))

    def known(self, patterns: Iterable[str] = ("*",)) -> tuple[Case, ...]:
        """The shipped cases, or at least those that the patterns name, and, once gathered, the user's own."""
        return (*self.shipped(patterns), *self._own)

    def gather(self) -> None:
        """Find all cases that there are. Raises `StartError`, and `SettingsError` for cases that cannot be read.

        Waits for the servers where there are routes to ask for.
        """
        from . import user_cases

        self._own = own = user_cases.load(self._options.settings.cases) if self._options.url is None else ()
        self._probes = self._probing([self._lineup.of_server(pattern)[0] for pattern in self._wanted] or ["*"])
        if self._options.profile in ("app", "all"):
            self._routes = [*self._visits(), *self._placed([case for case in own if case.kind == "route"])]

    def _probing(self, patterns: Iterable[str]) -> list[Case]:
        from .selection import of_profile

        known = [case for case in self.known(patterns) if case.kind != "route"]
        return of_profile(known, self._options.profile)

    def chosen(self) -> list[tuple[Case, str]]:
        """Of what was gathered, what the user asked for: server by server, the target's own routes first.

        Raises `SettingsError` for what matches nothing.
        """
        from .selection import matching, no_such_case

        everything = [*self._routes, *self._probes, *extended_cases(self._options)]
        if self._options.routes:
            everything = self._of_routes()
        servers = self._lineup.names
        wanted = [self._lineup.of_server(pattern) for pattern in self._wanted]
        if not wanted:
            return [(case, server) for server in servers for case in everything]
        unmatched = matching(everything, [pattern for pattern, _ in wanted])[1]
        # Without a server the routes are not known, so nothing can be said about a pattern that may name one.
        if unmatched and (self._lineup.runs or not any("route" in pattern for pattern in unmatched)):
            profile = self._options.profile
            note = f' of the profile "{profile}"' if profile in ("framework", "server") else ""
            every = [*self._routes, *self._probing(["*"]), *extended_cases(self._options)]
            raise no_such_case(unmatched[0], every, note)
        found = []
        for server in servers:
            mine = matching(everything, [pattern for pattern, of in wanted if server in of])[0]
            found += [(case, server) for case in mine]
        return found

    def _visits(self) -> list[Case]:
        """The cases of the target's own routes, once a server has shown them; none where none is wanted."""
        from .selection import may_name_a_route

        asked = bool(self._options.routes)
        without = self._options.url is not None or not self._lineup.runs
        if without or not (asked or self._options.settings.routes != "none"):
            return []
        if self._wanted and not any(may_name_a_route(pattern) for pattern in self._wanted):
            return []
        self._ready()
        found = [run.route_cases(every=asked) for run in self._lineup.runs.values()]
        cases = list({case.full_id: case for cases in found for case in cases}.values())
        self.visited = [case.full_id for case in cases]
        return cases

    def _placed(self, own: list[Case]) -> list[Case]:
        """The user's own cases of routes, with what is known of the route once a server has shown it."""
        from .selection import matching

        if not own or not self._lineup.runs or (self._wanted and not matching(own, self._wanted)[0]):
            return own
        self._ready()
        return [next(run.on_its_route(case) for run in self._lineup.runs.values()) for case in own]

    def _of_routes(self) -> list[Case]:
        from .selection import routes_matching

        if not self._lineup.runs:
            return self._routes
        paths = list(dict.fromkeys(str(case.tags.get("route", "")) for case in self._routes))
        chosen = set(routes_matching(paths, self._options.routes))
        return [case for case in self._routes if str(case.tags.get("route", "")) in chosen]
