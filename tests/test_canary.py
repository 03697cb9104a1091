"""A secret planted in every place where one can stand is in no file that is written and in nothing that is shown."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

# One for each place, so that what hides one of them does not hide the others.
CANARY = "c4nary7Zq9-"
APP = '''
import logging, os, sys
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

SECRET = os.environ["UPSTREAM"]
logging.basicConfig(level=logging.INFO)


async def room(ws: WebSocket) -> None:
    await ws.accept(subprotocol=ws.scope["subprotocols"][0] if ws.scope["subprotocols"] else None)
    logging.info("joined with %s and %s", ws.headers.get("x-api-key"), ws.url)
    print("cookie", ws.headers.get("cookie"), "upstream", SECRET, flush=True)
    try:
        while True:
            text = await ws.receive_text()
            logging.info("got %s", text)
            if "boom" in text or text == "hello":
                raise ValueError(f"cannot take {text} from {ws.headers.get('authorization')} for {SECRET} at {ws.url}")
            await ws.send_text("you said " + text)
    except WebSocketDisconnect as exc:
        logging.info("left %s %s", exc.code, exc.reason)


async def closed(ws: WebSocket) -> None:
    await ws.accept()
    await ws.close(code=10001, reason="token " + os.environ["SERVICE_TOKEN"])


app = Starlette(routes=[WebSocketRoute("/room", room), WebSocketRoute("/closed", closed)])
'''
SETTINGS = f'''
[tool.asgi-conformance]
headers = {{ Authorization = "Bearer {CANARY}header", X-Plain = "{CANARY}plain" }}
query = "plain={CANARY}query"
cookies = {{ c = "{CANARY}cookie" }}
env = {{ UPSTREAM = "https://user:{CANARY}userinfo@db.example.org/", SERVICE_TOKEN = "{CANARY}env" }}
subprotocols = ["bearer.{CANARY}subprotocol"]

[tool.asgi-conformance.route."/room"]
query = {{ ticket = "{CANARY}ticket" }}
headers = {{ X-Api-Key = "{CANARY}apikey" }}
messages = ['{{"login": "{CANARY}login"}}', "{CANARY}word"]
'''
FORMATS = ("html", "json", "md", "svg")


def spellings() -> list[str]:
    """The canary as itself and as it travels."""
    coded = base64.b64encode(CANARY.encode()).decode()[:12]
    return [CANARY, quote(CANARY, safe=""), CANARY.encode().hex(), coded]


@pytest.mark.slow
def test_a_canary_is_in_no_output(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text(APP, "utf-8")
    (tmp_path / "pyproject.toml").write_text(SETTINGS, "utf-8")
    words = ["--target=room:app", "--case=close.client.code*", "--case=messages.client.text*", "--case=route.*"]
    words += ["--case=handshake.*", *(f"--report=out/r.{suffix}" for suffix in FORMATS)]
    words += ["--junitxml=out/junit.xml", "-rA", "-vv"]
    env = {**os.environ, "COLUMNS": "300"}
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=env)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "cannot take" in done.stdout  # what the handler raised is shown, without what it says of secrets
    outputs = {"stdout": done.stdout, "stderr": done.stderr}
    outputs |= {path.name: path.read_text("utf-8") for path in (tmp_path / "out").iterdir()}
    assert sorted(outputs) == ["junit.xml", "r.html", "r.json", "r.md", "r.svg", "stderr", "stdout"]
    report = json.loads(outputs["r.json"])
    assert report["summary"]["failed"] > 0
    found = [
        (name, spelling, text[max(0, text.index(spelling) - 120) :][:260])
        for name, text in outputs.items()
        for spelling in spellings()
        if spelling in text
    ]
    assert not found, "\n".join(map(str, found))
    # The page carries its cases deflated: what it shows is what the .json file holds, rendered from the same document.
    rendered = subprocess.run(
        [sys.executable, "-m", "asgi_conformance", "compare", "out/r.json", "out/r.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert not any(spelling in rendered.stdout + rendered.stderr for spelling in spellings())


def test_a_canary_is_not_shown_when_the_target_does_not_start(tmp_path: Path) -> None:
    settings = f'[tool.asgi-conformance]\nenv = {{ SERVICE_TOKEN = "{CANARY}env" }}\n'
    (tmp_path / "pyproject.toml").write_text(settings, "utf-8")
    source = 'import os\nraise RuntimeError("cannot use " + os.environ["SERVICE_TOKEN"])\n'
    (tmp_path / "room.py").write_text(source, "utf-8")
    command = [sys.executable, "-m", "pytest", "--target=room:app", "--report=r.json", "--report=r.html"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 4
    assert "cannot use" in done.stderr
    files = [path.read_text("utf-8") for path in tmp_path.glob("r.*")]
    assert len(files) == 2
    assert not any(spelling in text for text in (done.stdout, done.stderr, *files) for spelling in spellings())
