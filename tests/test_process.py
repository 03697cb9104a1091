"""The child process: how it is started, heard, spoken to and ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance.harness.deadlines import Deadlines
from asgi_conformance.harness.process import OUTPUT_KEPT, Launch, StartError, TargetProcess

APP = "from starlette.applications import Starlette\napp = Starlette()\n"


def with_process(
    folder: Path, use: Callable[[TargetProcess], Awaitable[None]], *, source: str = APP, **launch: Any
) -> None:
    (folder / "served.py").write_text(source)
    target = launch.pop("target", "served:app")

    async def main() -> None:
        process = TargetProcess(Launch(target, str(folder), **launch), Deadlines(1.0))
        process.attach(asyncio.get_running_loop())
        try:
            await use(process)
        finally:
            process.kill()

    asyncio.run(main())


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_a_server_that_is_ready_says_what_it_is(tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        await process.ready()
        assert process.facts["server"]["name"] == "uvicorn"
        assert process.facts["framework"]["name"] == "starlette"
        assert process.facts["pid"] > 0
        reader, writer = await asyncio.open_connection("127.0.0.1", process.endpoint.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 404")
        writer.close()

    with_process(tmp_path, use)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        await process.ready()
        await process.stop()
        process.kill()  # again does no harm
        assert process.dead
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", process.endpoint.port)

    before = descriptors()
    with_process(tmp_path, use)
    assert descriptors() == before


def test_the_path_holds_the_application_folder_first_and_nothing_of_the_suite(tmp_path: Path) -> None:
    source = APP + "import json, sys\nprint(json.dumps([sys.path, sorted(sys.modules), sys.argv]), flush=True)\n"

    async def use(process: TargetProcess) -> None:
        await process.ready()
        await process.stop()
        line = next(line for line in process.output.splitlines() if line.startswith("[["))
        path, modules, arguments = json.loads(line)
        assert path[0] == str(tmp_path)
        assert not any("asgi_conformance" in entry for entry in path)
        assert "asgi_conformance" not in modules
        assert arguments == ["uvicorn", "served:app"]

    with_process(tmp_path, use, source=source)


@pytest.mark.parametrize(
    ("target", "source", "phase", "message"),
    [
        ("missing:app", APP, "import", 'no module named "missing"'),
        ("served.sub:app", APP, "import", "served"),
        ("served.py:app", APP, "import", 'a module is named without ".py": "served"'),
        ("served:ap", APP, "attribute", 'did you mean "app"?'),
        ("served:app.none.such", APP, "attribute", 'no attribute "app.none.such"'),
        ("served:app", "app = 5\n", "attribute", "not callable: it is an instance of int"),
        ("served:app", "import nosuchpackage\n", "import", "nosuchpackage"),
        ("served:app", "def app(:\n", "import", "SyntaxError"),
        ("served:app", "async def app():\n    pass\n", "factory", "async factory, or no application"),
        ("served:app", "def app():\n    return 3\n", "factory", "returned an instance of int"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(tmp_path: Path, target: str, source: str, phase: str, message: str) -> None:
    async def use(process: TargetProcess) -> None:
        with pytest.raises(StartError) as caught:
            await process.ready()
        assert caught.value.phase == phase
        assert message in caught.value.message
        assert "\n" not in caught.value.message
        assert "asgi_conformance" not in caught.value.shown

    with_process(tmp_path, use, target=target, source=source)


@pytest.mark.parametrize("declared", [True, False])
def test_a_factory_is_called_once(tmp_path: Path, declared: bool) -> None:
    source = APP + "def make():\n    print('made', flush=True)\n    return app\n"

    async def use(process: TargetProcess) -> None:
        await process.ready()
        await process.stop()
        assert process.output.count("made") == 1

    with_process(tmp_path, use, source=source, target="served:make", factory=declared)


def test_an_interpreter_without_the_server_is_one_line(tmp_path: Path) -> None:
    plain = tmp_path / "python"
    plain.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    plain.chmod(0o755)

    async def use(process: TargetProcess) -> None:
        with pytest.raises(StartError) as caught:
            await process.ready()
        assert caught.value.phase == "server"
        assert "uvicorn is not installed" in caught.value.message

    with_process(tmp_path, use, python=str(plain))


def test_no_such_interpreter_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot run /no/such/python: No such file"):
        TargetProcess(Launch("served:app", str(tmp_path), python="/no/such/python"), Deadlines())


def test_a_child_that_does_not_read_does_not_stop_the_suite(tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        began = time.monotonic()
        for _ in range(64):
            process.send({"text": "x" * 4096})
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert time.monotonic() - began < 1

    with_process(tmp_path, use, source="import time\ntime.sleep(60)\n")


def test_a_long_message_arrives_whole(tmp_path: Path) -> None:
    async def use(process: TargetProcess) -> None:
        heard: list[Any] = []
        process.on_message = heard.append
        await process.ready()
        process.send({"padding": "x" * 500_000, "surface": "last"})
        for _ in range(100):
            if any("surface" in message for message in heard):
                return
            await asyncio.sleep(0.02)
        pytest.fail("the message did not arrive")

    with_process(tmp_path, use)


def test_of_a_long_output_the_end_is_kept(tmp_path: Path) -> None:
    source = APP + "for n in range(20000):\n    print('line', n)\nprint('the end', flush=True)\n"

    async def use(process: TargetProcess) -> None:
        await process.ready()
        await process.stop()
        assert "the end" in process.output
        assert "line 19999" in process.output
        assert len(process.output) < 3 * OUTPUT_KEPT

    with_process(tmp_path, use, source=source)


def test_a_child_that_is_silent_is_late(tmp_path: Path) -> None:
    source = APP + "import ctypes, threading\nthreading.Timer(1.0, ctypes.PyDLL(None).sleep, [60]).start()\n"

    async def use(process: TargetProcess) -> None:
        await process.ready()
        assert process.loop_lag_us < 500_000
        await asyncio.sleep(2.2)
        assert process.loop_lag_us > 500_000

    with_process(tmp_path, use, source=source)
