"""The outermost boundary: what the server calls, with all that crosses the target's edge observed."""

from __future__ import annotations

import asyncio
import functools
from typing import Any, Callable, Dict, Optional

from .bare import bare_probe
from .components import Component, describe_component, settings_of
from .endpoints import describe_endpoint
from .handlers import observed_handler
from .recorder import Runs, current_run, observed
from .scope import Namespace, not_found, whole_scope
from .tasks import report_left


class Outermost:
    """The target as the server calls it.

    ``on_connection`` is called before a run's connection reaches the target. ``is_framework`` says whether the target
    is the framework's own application. ``inside`` gives the callable that leads to the probe without the target's
    middleware, None where there is none; it counts for the probe's connections only.
    """

    def __init__(
        self,
        app: Any,
        runs: Runs,
        probe_path: str,
        on_connection: Callable[[], None],
        is_framework: Callable[[Any], bool],
        inside: Optional[Callable[[], Any]] = None,
    ) -> None:
        self.app = app
        self.runs = runs
        self.probe_path = probe_path
        self.on_connection = on_connection
        self.is_framework = is_framework
        self.inside = inside
        self.namespace = Namespace()
        self.record = dict(describe_component(app), **settings_of(app))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.namespace.lifespan(self.app, scope, receive, send)
            return
        filled = self.namespace.taken_from(scope)
        run = self.runs.of_scope(scope)
        if run is not None and scope["type"] == "http":
            # What the server takes for plain HTTP is the suite's request all the same: nothing of the target's answers.
            await not_found(send)
            return
        if run is None:
            await self.app(scope, receive, send)
            return
        if run.forgotten:
            return
        self.on_connection()
        run.task = asyncio.current_task()
        component = Component(self.record, entry=not self.is_framework(self.app))
        run.target, run.above = self.app, [component]
        token = current_run.set(run)
        try:
            await run.briefed()
            for extension in run.without:
                # Not every server has the key.
                offered = scope.get("extensions") or {}
                scope = dict(scope, extensions={k: v for k, v in offered.items() if k != extension})
            app = bare_probe if run.bare else self.app
            if self.inside is not None and not run.bare and scope["path"].endswith(self.probe_path):
                run.inside = True
                app, run.above = self.inside() or app, []
            if run.route is not None and run.route.get("outermost"):
                app = functools.partial(observed_handler, run, app, describe_endpoint(app))
            if run.light:
                await run.observed(app, scope, receive, send)
                return
            data = describe_scope(scope)
            data["below"], data["lifespan"] = component.record, self.namespace.called
            if run.scope:
                data["scope"] = whole_scope(scope, filled)
            await observed(run, "outer", app, scope, receive, send, data)
        finally:
            run.over = True
            current_run.reset(token)
            if run.route is not None:
                asyncio.ensure_future(report_left(run))


def describe_scope(scope: Dict[str, Any]) -> Dict[str, Any]:
    """What the judge needs of a scope."""
    asgi = scope.get("asgi")
    version = asgi.get("spec_version", "2.0") if isinstance(asgi, dict) else "2.0"
    return {
        "spec_version": version if isinstance(version, str) else "2.0",
        "extensions": sorted(scope.get("extensions") or {}),
        "subprotocols": list(scope.get("subprotocols") or ()),
        "path": scope.get("path"),
    }
