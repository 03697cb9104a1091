"""The child process: spawned on an inherited socket, heard through pipes, ended for certain."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .deadlines import Deadlines

CHILD = Path(__file__).resolve().parent.parent / "child"
# Loads the child's package under a private name: nothing of the suite is on the target's sys.path.
_BOOTSTRAP = """
import sys, importlib.util as u
p, c, o, l = sys.argv[1:]
sys.path[:] = [entry for entry in sys.path if entry]
s = u.spec_from_file_location("_asgi_conformance_child", p + "/__init__.py", submodule_search_locations=[p])
m = u.module_from_spec(s)
sys.modules[s.name] = m
s.loader.exec_module(m)
from _asgi_conformance_child.main import Child
sys.exit(Child(int(c), int(o), int(l)).run())
"""
OUTPUT_KEPT = 64 * 1024


class StartError(Exception):
    """The target did not start. ``phase`` says where it failed, ``shown`` is the target's own traceback or output."""

    def __init__(self, phase: str, message: str, shown: str = "") -> None:
        super().__init__(message)
        self.phase = phase
        self.message = message
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be launched, and how."""

    target: str
    app_dir: str
    factory: bool = False
    python: str = sys.executable
    server: str = "uvicorn"
    ws: str = "auto"
    probe_path: str = "/__asgi_conformance__"
    env: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


class TargetProcess:
    """One target under one server, from spawn to the last byte of its output."""

    def __init__(self, launch: Launch, deadlines: Deadlines) -> None:
        self.launch = launch
        self.facts: dict[str, Any] = {}
        self.last_beat = 0.0
        self.loop_lag_us = 0
        self.loop_stack: list[str] = []
        self.dead = False
        self.port = 0
        self.on_message: Callable[[dict[str, Any]], None] = lambda message: None
        self.on_death: Callable[[], None] = lambda: None
        self._deadlines = deadlines
        self._output: deque[bytes] = deque()
        self._output_size = 0
        self._buffer = b""
        self._error: dict[str, str] | None = None
        self._ready = False
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = time.monotonic()
        self._outbox: list[bytes] = []
        self._changed = asyncio.Event()
        self._spawn()

    def _spawn(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        self.port = listener.getsockname()[1]
        control_read, self._control = os.pipe()
        self._observations, observations_write = os.pipe()
        life_read, self._life = os.pipe()
        passed = (listener.fileno(), control_read, observations_write, life_read)
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self.launch.env}
        fds = [str(fd) for fd in passed[1:]]
        try:
            self._process = subprocess.Popen(
                [self.launch.python, "-c", _BOOTSTRAP, str(CHILD), *fds],
                pass_fds=passed,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
        except OSError as exc:
            for fd in (self._control, self._observations, self._life):
                os.close(fd)
            raise StartError("python", f"cannot run {self.launch.python}: {exc.strerror}") from None
        finally:
            # Without this copy a connect after the server's death is refused at once instead of waiting in the backlog.
            listener.close()
            for fd in passed[1:]:
                os.close(fd)
        config = {
            "target": self.launch.target,
            "app_dir": self.launch.app_dir,
            "factory": self.launch.factory,
            "server": self.launch.server,
            "ws": self.launch.ws,
            "probe_path": self.launch.probe_path,
            "socket": passed[0],
            "options": dict(self.launch.options),
        }
        with contextlib.suppress(OSError):
            os.write(self._control, json.dumps(config).encode() + b"\n")
        assert self._process.stdout is not None
        for fd in (self._observations, self._process.stdout.fileno()):
            os.set_blocking(fd, False)

    @property
    def attached(self) -> bool:
        """Whether a loop hears the child."""
        return self._loop is not None

    def death(self) -> str:
        """How the process ended, in words."""
        code = self._process.wait()
        return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    # Hearing

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on this loop hears the child."""
        self._loop = loop
        assert self._process.stdout is not None
        loop.add_reader(self._observations, self._hear)
        loop.add_reader(self._process.stdout.fileno(), self._hear_output)

    def _hear(self) -> None:
        try:
            chunk = os.read(self._observations, 1 << 20)
        except BlockingIOError:
            return
        if not chunk:
            self._died()
            return
        lines = (self._buffer + chunk).split(b"\n")
        self._buffer = lines.pop()
        self._changed.set()
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # the target wrote to a descriptor that is not its own
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if "o" in message or "snapshot" in message or "surface" in message:
            self.on_message(message)
        elif "beat" in message:
            self.last_beat = time.monotonic()
            self.loop_lag_us, self.loop_stack = message["beat"]
        elif "ready" in message:
            self._ready = True
            self.facts = message["ready"]
            self.on_message(message)
        elif "error" in message:
            self._error = message["error"]
        elif "stopped" in message:
            self._stopped = True

    def _hear_output(self) -> None:
        assert self._process.stdout is not None
        try:
            chunk = os.read(self._process.stdout.fileno(), 1 << 16)
        except BlockingIOError:
            return
        if not chunk:
            if self._loop is not None:
                self._loop.remove_reader(self._process.stdout.fileno())
            return
        self._output.append(chunk)
        self._output_size += len(chunk)
        while self._output_size > OUTPUT_KEPT and len(self._output) > 1:
            self._output_size -= len(self._output.popleft())

    def _died(self) -> None:
        if not self.dead:
            self.dead = True
            self._changed.set()
            if self._loop is not None:
                self._loop.remove_reader(self._observations)
            self.on_death()

    @property
    def output(self) -> str:
        """The last of what the target printed."""
        return b"".join(self._output).decode("utf-8", "replace")

    # Speaking

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something on the control pipe; what is said in one tick of the loop leaves in one write."""
        self._outbox.append(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        if len(self._outbox) == 1 and self._loop is not None:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        data, self._outbox = b"".join(self._outbox), []
        try:
            while data:
                data = data[os.write(self._control, data) :]
        except OSError as exc:
            if exc.errno not in (errno.EPIPE, errno.EBADF):
                raise

    # Start and stop

    async def ready(self) -> None:
        """Wait until the server accepts connections; raises `StartError`."""
        until = self._started + self._deadlines.seconds("start")
        while not self._ready:
            if self._error is not None:
                raise StartError(self._error["phase"], self._error["message"], self._error["traceback"])
            if self.dead:
                code = self._process.wait()
                self._hear_output()
                ended = f"ended with exit status {code}" if code >= 0 else f"was ended by signal {-code}"
                raise StartError("start", f"the target's process {ended} before the server was ready", self.output)
            if time.monotonic() > until:
                where = f"; its loop is at {self.loop_stack[-1]}" if self.loop_stack else ""
                seconds = self._deadlines.seconds("start")
                message = f"the target did not start within {seconds:g} s{where} (see --conformance-deadline)"
                raise StartError("start", message, self.output)
            await self._change(until)

    async def _change(self, until: float) -> None:
        """Wait until the child has said something, at most until that time (and never longer than a beat)."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), max(0.001, min(until - time.monotonic(), 0.25)))

    async def stop(self) -> None:
        """Shut the server down in order, and if it will not go, kill its whole process group."""
        if not self.dead:
            self.send({"stop": True})
            self._flush()
            until = time.monotonic() + self._deadlines.seconds("stop")
            while not self.dead and time.monotonic() < until:
                await self._change(until)
        self.kill()

    def kill(self) -> None:
        """End the process group now and release everything; safe to call twice."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._loop is not None and not self._loop.is_closed():
            assert self._process.stdout is not None
            for fd in (self._observations, self._process.stdout.fileno()):
                if fd >= 0:
                    self._loop.remove_reader(fd)
        self._loop = None
        for name in ("_control", "_observations", "_life"):
            fd = getattr(self, name)
            if fd >= 0:
                os.close(fd)
                setattr(self, name, -1)
        if self._process.stdout is not None and not self._process.stdout.closed:
            with contextlib.suppress(OSError):
                self._hear_output()
            self._process.stdout.close()
