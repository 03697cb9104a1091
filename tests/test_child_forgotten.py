"""A connection that comes through when the suite is done with its run: it waits for nothing, and reaches nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asgi_conformance.child.boundary import Outermost
from asgi_conformance.child.recorder import HEADER, Runs
from asgi_conformance.child.wire import Channel


def scope(run_id: str) -> dict[str, Any]:
    return {"type": "websocket", "path": "/", "headers": [(HEADER, run_id.encode())]}


@pytest.mark.parametrize("late", ["4", "5", "5.beside"])
def test_a_run_that_was_forgotten_is_not_waited_for(late: str) -> None:
    called = []

    async def app(*given: Any) -> None:
        called.append(given)

    async def connection() -> None:
        runs = Runs(Channel(-1))
        for run_id in ("4", "5", "5.beside"):
            runs.brief(run_id, {"steps": []})
            runs.forget(run_id)
        outermost = Outermost(app, runs, "/probe", lambda: None, lambda app: False)
        await asyncio.wait_for(outermost(scope(late), None, None), 5)
        assert not runs.by_id

    asyncio.run(connection())
    assert not called


def test_a_connection_that_is_faster_than_the_control_pipe_waits_for_it() -> None:
    async def connection() -> None:
        runs = Runs(Channel(-1))
        runs.brief("4", {"steps": []})
        run = runs.of_scope(scope("5"))
        assert run is not None
        assert not run.forgotten
        runs.brief("5", {"steps": [["step"]]})
        await asyncio.wait_for(run.briefed(), 5)
        assert run.steps == [["step"]]

    asyncio.run(connection())
