"""Uvicorn, run on the inherited socket with the observed target."""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import os
import select
import signal
import socket
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List

from .loader import LoadError
from .wire import now_us

# Kept from before the target was imported: a target may patch these modules for itself.
_read, _select, _frames = os.read, select.select, sys._current_frames
_killpg, _getpgrp, _exit, _KILL = os.killpg, os.getpgrp, os._exit, signal.SIGKILL

# Seconds that connections have to end once the server has been told to stop.
GRACE = 1
WS_MODULES = {
    "WebSocketsSansIOProtocol": "websockets-sansio",
    "WebSocketProtocol": "websockets",
    "WSProtocol": "wsproto",
}


class Lifespan:
    """The target's lifespan, watched: what it raises at start-up must not be lost in the server's log."""

    def __init__(self) -> None:
        self.app: Any = None
        self.started = False
        self.problem: Dict[str, str] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return

        async def watched_send(event: Any) -> None:
            if event["type"] == "lifespan.startup.complete":
                self.started = True
            elif event["type"] == "lifespan.startup.failed":
                shown = str(event.get("message", ""))
                self.problem = self.problem or {"message": _last_line(shown) or "start-up failed", "traceback": shown}
            await send(event)

        try:
            await self.app(scope, receive, watched_send)
        except BaseException as exc:
            if not self.started and not self.problem:
                message = "{}: {}".format(type(exc).__name__, exc)
                self.problem = {"message": message, "traceback": traceback.format_exc()}
            raise


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


class Uvicorn:
    """Uvicorn, set up before the target is imported as its own command does. Raises `LoadError` where it cannot run."""

    def __init__(self, config: Dict[str, Any]) -> None:
        try:
            import uvicorn
            import uvicorn.server
        except ImportError:
            message = "uvicorn is not installed for {}".format(sys.executable)
            raise LoadError("server", message + "; install it there: pip install uvicorn websockets") from None
        self.ready = False
        self._lifespan = Lifespan()
        self._server_class: Any = uvicorn.server.Server
        self._version = uvicorn.__version__
        given = dict(config.get("options") or {})
        if "timeout_graceful_shutdown" in inspect.signature(uvicorn.Config).parameters:  # since 0.22
            given.setdefault("timeout_graceful_shutdown", GRACE)
        try:
            self._settings = uvicorn.Config(
                self._lifespan,
                ws=config.get("ws") or "auto",
                http=config.get("http") or "auto",
                loop=config.get("loop") or "auto",
                lifespan=config.get("lifespan") or "auto",
                log_level="info",
                access_log=False,
                **given,
            )
            self._settings.load()
        except (ImportError, SystemExit, KeyError, ValueError, TypeError) as exc:
            raise LoadError("server", "uvicorn cannot run as asked ({}: {})".format(type(exc).__name__, exc)) from None
        self._protocol: Any = self._settings.ws_protocol_class
        if self._protocol is None:
            message = "uvicorn has no WebSocket implementation in {}".format(sys.executable)
            raise LoadError("server", message + "; install one there: pip install websockets")

    def run(self, app: Any, listener: int, ready: Callable[[Any, Dict[str, Any]], None]) -> None:
        """Serve ``app`` on the inherited socket until told to stop.

        ``ready(server, facts)`` is called on the loop once the server accepts connections. Raises `LoadError` where
        the target's start-up fails.
        """
        lifespan, settings, protocol, version = self._lifespan, self._settings, self._protocol, self._version
        lifespan.app, serving = app, self

        class Observed(self._server_class):  # type: ignore[misc,name-defined]
            async def startup(self, sockets: Any = None) -> None:
                await super().startup(sockets=sockets)
                if self.should_exit:
                    return
                loop = asyncio.get_running_loop()
                facts = {
                    "name": "uvicorn",
                    "version": version,
                    "ws": WS_MODULES.get(protocol.__name__, protocol.__name__),
                    "http": settings.http_protocol_class.__module__.rpartition(".")[2].replace("_impl", ""),
                    "loop": type(loop).__module__.split(".")[0],
                }
                serving.ready = True
                ready(self, facts)

        sock = socket.socket(fileno=listener)
        sock.set_inheritable(False)
        try:
            Observed(settings).run(sockets=[sock])
        except SystemExit as exc:
            if lifespan.problem:
                message = "start-up raised " + lifespan.problem["message"]
                raise LoadError("lifespan", message, lifespan.problem["traceback"]) from None
            if not self.ready:
                raise LoadError("lifespan", "start-up ended the process with exit code {}".format(exc.code)) from None
            raise


def end_group() -> None:
    """End this process and all that it has forked, which stay in its process group unless they leave it."""
    if _getpgrp() == _PID:
        _killpg(_PID, _KILL)
    _exit(0)


_PID = os.getpid()


def die_with_parent() -> None:
    """Have Linux end this process when the suite's main thread ends, even where the target never lets go of the GIL.

    Only for a process that was started from the main thread: what counts is the end of the starting thread.
    """
    if sys.platform == "linux":
        parent = os.getppid()
        try:
            libc = ctypes.CDLL(None)
            libc.prctl(1, int(_KILL), 0, 0, 0)
            # The kernel ends this process before the guard can end the group: what it forks dies with it likewise. Only
            # forks of the main thread, for the signal comes when the thread that forked ends.
            on_main: List[bool] = []
            os.register_at_fork(
                before=lambda: on_main.append(threading.get_ident() == threading.main_thread().ident),
                after_in_parent=on_main.clear,
                after_in_child=lambda: on_main and on_main[-1] and libc.prctl(1, int(_KILL), 0, 0, 0),
            )
        except (AttributeError, OSError):
            return
        if os.getppid() != parent:
            _exit(0)


class Guard(threading.Thread):
    """Ends the process when the suite's end of the life pipe is gone; sends the heartbeat that deadlines rest on."""

    def __init__(self, fd: int, send: Callable[[Dict[str, Any]], None], flush: Callable[[], None]) -> None:
        super().__init__(name="conformance-guard", daemon=True)
        self._fd = fd
        self._send = send
        self._flush = flush
        self._loop: Any = None
        self._loop_thread = threading.get_ident()
        self._asked = 0
        self._answered = 0

    def watch(self, loop: Any) -> None:
        """From now on every beat says whether this loop turned since the last one."""
        self._loop_thread = threading.get_ident()
        self._loop = loop

    def run(self) -> None:
        silent_since = 0
        while True:
            readable, _, _ = _select([self._fd], [], [], 0.1)
            if readable and not _read(self._fd, 1):
                end_group()
            loop = self._loop
            if loop is None:
                self._send({"beat": [0, self._stack()]})
                continue
            stack: List[str] = []
            lag = 0
            if self._asked != self._answered:
                lag = now_us() - silent_since
                stack = self._stack()
                self._flush()
            else:
                silent_since = now_us()
                self._asked += 1
                try:
                    loop.call_soon_threadsafe(self._answer)
                except RuntimeError:
                    self._loop = None
            self._send({"beat": [lag, stack]})

    def _answer(self) -> None:
        self._answered = self._asked

    def _stack(self) -> List[str]:
        frames = traceback.extract_stack(_frames().get(self._loop_thread))[-12:]
        return ["{}:{} {}".format(entry.filename, entry.lineno, entry.name) for entry in frames]
