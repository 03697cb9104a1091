"""The places between layers: the outermost callable, and one between every two entries of a middleware stack."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Dict, Optional

from .bare import bare_probe
from .recorder import Run, Runs, current_run, observed

# Packages whose middleware counts as part of the framework.
FRAMEWORK_PACKAGES = ("starlette", "fastapi")


def describe_component(entry: Any) -> Dict[str, Any]:
    """A middleware or wrapper as data: its dotted name, file and line, and whether it is the framework's own."""
    kind = entry if inspect.isclass(entry) or inspect.isfunction(entry) else type(entry)
    name = "{}.{}".format(getattr(kind, "__module__", "?"), getattr(kind, "__qualname__", repr(kind)))
    out: Dict[str, Any] = {"name": name, "layer": "middleware", "file": "", "line": 0}
    if str(getattr(kind, "__module__", "")).split(".")[0] in FRAMEWORK_PACKAGES:
        out["layer"] = "framework"
    try:
        out["file"] = inspect.getsourcefile(kind) or ""
        out["line"] = inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        pass
    return out


class Outermost:
    """What the server calls: the target, with all that crosses its edge observed."""

    def __init__(self, app: Any, runs: Runs, on_connection: Any = None) -> None:
        self.app = app
        self.runs = runs
        self.on_connection = on_connection

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        run = self.runs.of_scope(scope)
        if run is None:
            await self.app(scope, receive, send)
            return
        if self.on_connection is not None:
            self.on_connection()
        run.task = asyncio.current_task()
        token = current_run.set(run)
        try:
            await run.briefed()
            for extension in run.without:
                scope = dict(scope, extensions={k: v for k, v in scope["extensions"].items() if k != extension})
            app = bare_probe if run.bare else self.app
            await observed(run, "outer", app, scope, receive, send, describe_scope(scope))
        finally:
            current_run.reset(token)


def describe_scope(scope: Dict[str, Any]) -> Dict[str, Any]:
    """What the judge needs of a scope."""
    asgi = scope.get("asgi") or {}
    return {
        "spec_version": asgi.get("spec_version", "2.0"),
        "extensions": sorted(scope.get("extensions") or {}),
        "subprotocols": list(scope.get("subprotocols") or ()),
        "path": scope.get("path"),
    }


class Boundary:
    """An ASGI callable that only observes, placed under one entry of a middleware stack (``above``)."""

    def __init__(self, app: Any, above: Optional[Dict[str, Any]] = None) -> None:
        self.app = app
        self.above = above

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["app"], name)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get() if scope["type"] == "websocket" else None
        if run is None:
            await self.app(scope, receive, send)
        else:
            await enter(run, self.app, self.above, scope, receive, send)


async def enter(run: Run, app: Any, above: Optional[Dict[str, Any]], scope: Any, receive: Any, send: Any) -> None:
    """Pass the next boundary of a run on the way in."""
    run.depth += 1
    boundary = "asgi:{}".format(run.depth)
    await observed(run, boundary, app, scope, receive, send, {"component": above})
