"""What keeps the child from outliving the suite, and says whether its event loop turns."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List

from .wire import now_us

# Kept from before the target was imported: a target may patch these modules for itself.
_read, _select, _frames = os.read, select.select, sys._current_frames
_killpg, _getpgrp, _exit, _KILL = os.killpg, os.getpgrp, os._exit, signal.SIGKILL


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
