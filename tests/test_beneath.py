"""What lies below HTTP: each server that can serves TLS and Unix sockets, and is green there; the others say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from asgi_conformance.harness.endpoint import Listener

pytest_plugins = ["pytester"]

ABLE = ("uvicorn:websockets-sansio", "uvicorn:wsproto", "hypercorn", "granian")
CHOSEN = ("--case=scope.protocol", "--case=scope.addresses", "--case=frames.*", "--case=lost.*")
APP = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def room(ws):
    await ws.accept()
    await ws.close()

app = Starlette(routes=[WebSocketRoute("/room", room)])
"""
SCHEME = """
class Middleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            print("served over", scope["scheme"], "from", scope["server"][0], flush=True)
        await self.app(scope, receive, send)

app = Middleware(app)
"""


@pytest.mark.parametrize("option", ["--tls", "--unix"])
@pytest.mark.parametrize("server", ABLE)
def test_a_server_is_green_above_it(server: str, option: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(served=APP)
    result = pytester.runpytest_subprocess("--target=served:app", f"--server={server}", option, *CHOSEN, timeout=120)
    outcomes = result.parseoutcomes()
    assert result.ret == 0
    assert outcomes["passed"] > 20
    assert not {"failed", "errors"} & outcomes.keys()


@pytest.mark.parametrize(("option", "scheme"), [("--tls", "wss"), ("--unix", "ws")])
def test_it_is_truly_there(option: str, scheme: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(served=APP + SCHEME)
    result = pytester.runpytest_subprocess(
        "--target=served:app", option, "--case=scope.protocol", "--report=r.json", timeout=60
    )
    assert result.ret == 0
    said = (pytester.path / "r.json").read_text()
    assert f"+{option[2:]}" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--server=daphne", "--tls"), "--tls: daphne has it only where it binds the socket"),
        (("--server=uvicorn", "--server=daphne", "--unix"), "--unix: daphne has it only where it binds the socket"),
        (("--server=testclient", "--tls"), "--tls: TestClient has no connection"),
        (("--exhaustive", "--tls"), "--exhaustive: its connections are plain"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(given: tuple[str, ...], said: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(served=APP)
    result = pytester.runpytest_subprocess("--target=served:app", *given, timeout=60)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize("unix", [False, True])
@pytest.mark.parametrize("tls", [False, True])
def test_a_listener_leaves_no_file(unix: bool, tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    listener = Listener(unix, tls)
    assert bool(list(tmp_path.iterdir())) == (unix or tls)
    assert bool(listener.certificate) == (listener.endpoint.tls is not None) == tls
    listener.socket.close()
    listener.remove()
    listener.remove()
    assert not list(tmp_path.iterdir())
