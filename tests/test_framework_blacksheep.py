"""BlackSheep: its routes are found, the probe stands behind what guards them, and faulty handlers are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from asgi_conformance.model import Layer, Result, Verdict
from asgi_conformance.run import Plan, Run

ROOT = Path(__file__).resolve().parent.parent

FAULTY = """
import json
from targets.blacksheep_app import app as right
from blacksheep import Application, Router, WebSocket
app = Application(router=Router(prefix="/v1"))

@app.router.ws("/careless/{uuid:id}")
async def careless(websocket: WebSocket):
    await websocket.accept()
    while True:
        await websocket.send_json(json.loads(await websocket.receive_text()))

class Wrapper:
    def __init__(self, app):
        self.app = app
    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

wrapped = Wrapper(app)

async def guard(request, handler):
    raise PermissionError("who are you?")

guarded = Application(router=Router())
guarded.middlewares.append(guard)
"""


def opened(folder: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (folder / "blacksheep_faulty.py").write_text(FAULTY)
    run = Run(Plan(f"blacksheep_faulty:{target}", str(folder)))
    run.ready()
    return run


def test_every_kind_of_route_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(tmp_path, "right", monkeypatch)
    try:
        run.route_cases()
        assert {route["path"] for route in run.routes} == {
            "/echo", "/rooms/{int:number}", "/kind", "/feed", "/greetings/:name", "/api/clock",
        }
        files = {str(route["file"]) for route in run.routes}
        assert all(file.endswith("blacksheep_app.py") for file in files)
    finally:
        run.stop()


def test_a_careless_handler_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(tmp_path, "wrapped", monkeypatch)
    try:
        assert run.refused == ""
        results: list[Result] = run.results([case for case in run.route_cases() if "json" in case.id])
        bad = [result for result in results if result.verdict is Verdict.WARN]
        assert bad
        assert {result.layer for result in bad} == {Layer.APPLICATION}
        assert "blacksheep_faulty.py:" in str(bad[0].attempts[-1].findings)
    finally:
        run.stop()


def test_a_middleware_that_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(tmp_path, "guarded", monkeypatch)
    try:
        assert "PermissionError was raised at" in run.refused
    finally:
        run.stop()
