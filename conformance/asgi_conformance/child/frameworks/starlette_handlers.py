"""The boundary ``route``, put where Starlette and FastAPI hand a connection to the route that matched."""

from __future__ import annotations

import functools
import sys
from typing import Any

from ..endpoints import caller, describe_endpoint
from ..handlers import observed_handler
from ..recorder import current_run
from ..wire import describe_exception, encode


def install() -> None:
    """Patch the classes; connections that are not a route case's pass untouched."""
    _observe_handle(sys.modules["starlette.routing"].WebSocketRoute)
    _observe_refusals(sys.modules["starlette.websockets"].WebSocket)


def _observe_handle(cls: Any) -> None:
    call = cls.handle

    @functools.wraps(call)
    async def handle(self: Any, scope: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        if run is None or run.route is None or run.handled:
            await call(self, scope, receive, send)
        else:
            await observed_handler(run, call.__get__(self), describe_endpoint(self.endpoint), scope, receive, send)

    cls.handle = handle


def _observe_refusals(cls: Any) -> None:
    """What the WebSocket object itself refuses to send never reaches the route's send: observe it here."""
    original = cls.send

    @functools.wraps(original)
    async def send(self: Any, message: Any) -> Any:
        run = self.__dict__.get("_asgi_conformance_run")
        if run is None or run.route is None:
            return await original(self, message)
        before = run.sends
        try:
            return await original(self, message)
        except RuntimeError as exc:
            if run.sends == before:
                data = {"event": encode(message), "exc": describe_exception(exc), "task": run.task_number()}
                run.observe("route", "send.refused", dict(data, by=caller()))
            raise

    cls.send = send
