"""The child process: spawned on an inherited socket, heard through pipes, ended for certain."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .deadlines import Deadlines
from .endpoint import Listener

CHILD = Path(__file__).resolve().parent.parent / "child"
# Loads the child's package under a private name: nothing of the suite is on the target's sys.path.
_BOOTSTRAP = """
import sys
p, c, o, l = sys.argv[1:]
if sys.version_info < (3, 8):
    import json, os
    m = "%s is Python %d.%d; the target's environment needs 3.8 or newer" % ((sys.executable,) + sys.version_info[:2])
    os.write(int(o), json.dumps({"error": {"phase": "python", "message": m, "traceback": ""}}).encode() + b"\\n")
    sys.exit(3)
import importlib.util as u
sys.path[:] = [entry for entry in sys.path if entry]
s = u.spec_from_file_location("_asgi_conformance_child", p + "/__init__.py", submodule_search_locations=[p])
m = u.module_from_spec(s)
sys.modules[s.name] = m
s.loader.exec_module(m)
from _asgi_conformance_child.main import Child
sys.exit(Child(int(c), int(o), int(l)).run())
"""
# Made once: `json.dumps` makes one for each text that is not written in its own way.
_dumps = json.JSONEncoder(separators=(",", ":")).encode
OUTPUT_KEPT = 64 * 1024
# The observation pipe's capacity where the system lets it be set: a child must not wait for the suite.
PIPE_SIZE = 1 << 20
READ_SIZE = 1 << 16  # memory for more comes from the system, and goes back to it, with each read
# Beats come ten times a second; past this many seconds without one the child's loop cannot be said to turn.
SILENCE = 0.5
# Seconds between two looks at whether the process still is there.
EXIT_POLL = 0.1


def _waits(frame: str) -> bool:
    """Whether a stack ends where a loop waits for events: that says nothing of who hangs."""
    return "selectors.py" in frame or "asyncio/" in frame


class StartError(Exception):
    """The target did not start. ``phase`` says where it failed, ``shown`` is the target's own traceback or output."""

    def __init__(self, phase: str, message: str, shown: str = "") -> None:
        super().__init__(message)
        self.phase = phase
        self.message = message
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be launched, and how. ``inside``: the probe is reached without the target's middleware.

    ``tls``: with a certificate that is made for it. ``unix``: on a Unix socket.
    """

    target: str
    app_dir: str
    factory: bool = False
    python: str = sys.executable
    server: str = "uvicorn"
    ws: str = "auto"
    tls: bool = False
    unix: bool = False
    probe_path: str = "/__asgi_conformance__"
    inside: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


class TargetProcess:
    """One target under one server, from spawn to the last byte of its output."""

    def __init__(self, launch: Launch, deadlines: Deadlines) -> None:
        self.launch = launch
        self.facts: dict[str, Any] = {}
        self.last_beat = 0.0
        self._loop_lag_us = 0
        self._silence_us = 0
        self._looked = self._listening = time.monotonic()
        self.loop_stack: list[str] = []
        # The longest standstill of the child's loop for each who watches, with the loop's stack then.
        self.worst_lags: dict[str, tuple[int, list[str]]] = {}
        self.dead = False
        self.on_message: Callable[[dict[str, Any]], None] = lambda message: None
        self.on_death: Callable[[], None] = lambda: None
        self._deadlines = deadlines
        self._output: deque[bytes] = deque()
        self._output_size = 0
        self._buffer = b""
        self._error: dict[str, str] | None = None
        self._ready = False
        self._deserted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = time.monotonic()
        self._outbox: list[bytes] = []
        self._unsent = bytearray()
        self._blocked = False
        self._changed = asyncio.Event()
        self._exit_watch: asyncio.TimerHandle | None = None
        try:
            self._listener = Listener(launch.unix, launch.tls)
        except OSError as exc:
            raise StartError("socket", f"there is no socket for the server: {exc}") from None
        self.endpoint = self._listener.endpoint
        self._spawn()

    def _spawn(self) -> None:
        listener = self._listener.socket
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
            self._listener.remove()
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
            "inside": self.launch.inside,
            "main_thread": threading.current_thread() is threading.main_thread(),
            "socket": passed[0],
            "tls": self._listener.certificate or None,
            "options": dict(self.launch.options),
        }
        with contextlib.suppress(OSError):
            os.write(self._control, json.dumps(config).encode() + b"\n")
        assert self._process.stdout is not None
        for fd in (self._control, self._observations, self._process.stdout.fileno()):
            os.set_blocking(fd, False)
        with contextlib.suppress(OSError, AttributeError):  # AttributeError: only Linux has it
            fcntl.fcntl(self._observations, fcntl.F_SETPIPE_SZ, PIPE_SIZE)

    @property
    def attached(self) -> bool:
        """Whether a loop hears the child."""
        return self._loop is not None

    @property
    def loop_lag_us(self) -> int:
        """For how long the child's loop has not turned, in microseconds; 0 while it does.

        A child that does not even send its heartbeat (a thread does) holds the interpreter's lock.
        """
        return max(self._loop_lag_us, self._silence_us)

    def death(self) -> str:
        """How the process ended, in words."""
        code = self._process.wait()
        if self._deserted:
            return "it closed the suite's pipes"
        return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    # Hearing

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on this loop hears the child."""
        self._loop = loop
        assert self._process.stdout is not None
        loop.add_reader(self._observations, self._hear)
        loop.add_reader(self._process.stdout.fileno(), self._hear_output)
        self._watch_exit()

    def _watch_exit(self) -> None:
        """Look whether the process has ended: what it has forked may hold its pipes open."""
        if self.dead or self._loop is None:
            return
        now = time.monotonic()
        if now - self._looked > EXIT_POLL + SILENCE:
            self._listening = now  # this process's own loop did not run: nothing was heard, whatever was said
        silence = now - max(self.last_beat, self._listening)
        self._looked, self._silence_us = now, int(silence * 1_000_000) if silence > SILENCE else 0
        if self._process.poll() is None:
            self._exit_watch = self._loop.call_later(EXIT_POLL, self._watch_exit)
            return
        while not self.dead and self._hear():
            pass
        self._died()

    def _hear(self) -> bool:
        """Take what the child has said; whether it has said anything."""
        try:
            chunk = os.read(self._observations, READ_SIZE)
        except BlockingIOError:
            return False
        if not chunk:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
            self._deserted = self._process.returncode is None
            self._died()
            return False
        lines = (self._buffer + chunk).split(b"\n")
        self._buffer = lines.pop()
        self._changed.set()
        for line in lines:
            if not line:
                continue
            try:
                message = json.loads(line)
            except ValueError:
                continue  # the target wrote to a descriptor that is not its own
            self._take(message)
        return True

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            return
        if "o" in message or "snapshot" in message or "surface" in message or "routes" in message:
            self.on_message(message)
        elif "beat" in message:
            self.last_beat = time.monotonic()
            self._loop_lag_us, self.loop_stack = message["beat"]
            for watcher, (worst, _) in self.worst_lags.items():
                if self._loop_lag_us > worst:
                    self.worst_lags[watcher] = (self._loop_lag_us, self.loop_stack)
            self._silence_us = 0
        elif "ready" in message:
            self._ready = True
            self.facts = message["ready"]
            self.on_message(message)
        elif "framework" in message:
            self.facts["framework"] = message["framework"]
        elif "error" in message:
            self._error = message["error"]

    def _hear_output(self) -> bool:
        """Take what the target has printed; whether it has printed anything."""
        assert self._process.stdout is not None
        try:
            chunk = os.read(self._process.stdout.fileno(), READ_SIZE)
        except BlockingIOError:
            return False
        if not chunk:
            if self._loop is not None:
                self._loop.remove_reader(self._process.stdout.fileno())
            return False
        self._output.append(chunk)
        self._output_size += len(chunk)
        while self._output_size > OUTPUT_KEPT and len(self._output) > 1:
            self._output_size -= len(self._output.popleft())
        return True

    def _died(self) -> None:
        if not self.dead:
            self.dead = True
            self._changed.set()
            if self._loop is not None:
                self._loop.remove_reader(self._observations)
            self._end_group()
            self.on_death()

    def _end_group(self) -> None:
        """End the process and all that it has forked, but for what has left its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def output(self) -> str:
        """The last of what the target printed."""
        return b"".join(self._output).decode("utf-8", "replace")

    # Speaking

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something on the control pipe; what is said in one tick of the loop leaves in one write."""
        self._outbox.append(_dumps(message).encode() + b"\n")
        if len(self._outbox) == 1 and self._loop is not None:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write what the pipe takes, the rest when it takes more: a child that reads nothing must not stop us."""
        self._unsent += b"".join(self._outbox)
        self._outbox.clear()
        try:
            while self._unsent:
                del self._unsent[: os.write(self._control, self._unsent)]
        except BlockingIOError:
            if self._loop is not None:
                self._loop.add_writer(self._control, self._flush)
                self._blocked = True
            return
        except OSError as exc:
            if exc.errno not in (errno.EPIPE, errno.EBADF):
                raise
            self._unsent.clear()
        if self._blocked and self._loop is not None and self._control >= 0:
            self._loop.remove_writer(self._control)
            self._blocked = False

    # Start and stop

    async def ready(self) -> None:
        """Wait until the server accepts connections; raises `StartError`."""
        until = self._started + self._deadlines.seconds("start")
        while not self._ready:
            if self._error is not None:
                raise StartError(self._error["phase"], self._error["message"], self._error["traceback"])
            if self.dead:
                self._hear_output()
                message = f"the target's process ended ({self.death()}) before the server was ready"
                raise StartError("start", message, self.output)
            if time.monotonic() > until:
                frame = self.loop_stack[-1] if self.loop_stack else ""
                where = f"; it is at {frame}" if frame and not _waits(frame) else ""
                seconds = self._deadlines.seconds("start")
                message = f"the target did not start within {seconds:g} s{where} (see --conformance-deadline)"
                raise StartError("start", message, self.output)
            await self._change(until)

    async def _change(self, until: float) -> None:
        """Wait until the child has said something, at most until that time (and never longer than a beat)."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), max(0.001, min(until - time.monotonic(), 0.25)))

    def begin_stop(self) -> None:
        """Tell the server to shut down in order, without waiting for it."""
        self.send({"stop": True})
        self._flush()

    async def stop(self) -> None:
        """Shut the server down in order, and if it will not go, kill its whole process group."""
        if not self.dead:
            self.begin_stop()
            until = time.monotonic() + self._deadlines.seconds("stop")
            while not self.dead and time.monotonic() < until:
                await self._change(until)
        self.kill()

    def kill(self) -> None:
        """End the process group now and release everything; safe to call twice."""
        self._end_group()
        self._process.wait()
        self._listener.remove()
        if self._exit_watch is not None:
            self._exit_watch.cancel()
        if self._loop is not None and not self._loop.is_closed():
            assert self._process.stdout is not None
            for fd in (self._observations, self._process.stdout.fileno()):
                if fd >= 0:
                    self._loop.remove_reader(fd)
            if self._control >= 0:
                self._loop.remove_writer(self._control)
        self._loop = None
        for name in ("_control", "_observations", "_life"):
            fd = getattr(self, name)
            if fd >= 0:
                os.close(fd)
                setattr(self, name, -1)
        if self._process.stdout is not None and not self._process.stdout.closed:
            with contextlib.suppress(OSError, ValueError):
                # What has left the process group may print for ever.
                for _ in range(64):
                    if not self._hear_output():
                        break
            self._process.stdout.close()
