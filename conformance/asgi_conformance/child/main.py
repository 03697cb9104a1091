"""The child process from its first line to its last: configure, load, serve, obey."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import traceback
from typing import Any, Dict, List

from .boundary import Outermost
from .frameworks import starlette
from .loader import LoadError, load
from .recorder import Runs
from .serve import Guard, serve
from .surface import surface
from .wire import Channel, LineReader


class Child:
    """One target under one server."""

    def __init__(self, control: int, observations: int, life: int) -> None:
        self.reader = LineReader(control)
        self.channel = Channel(observations)
        self.guard = Guard(life, self.channel.send, self.channel.flush)
        self.runs = Runs(self.channel)
        self.config: Dict[str, Any] = {}
        self.target: Any = None
        self.server: Any = None
        self._installed = False

    def run(self) -> int:
        """Serve until told to stop; the exit status."""
        self.config = self.reader.read_first()
        self.guard.start()
        sys.argv = [self.config["server"], self.config["target"]]
        try:
            self.target = load(self.config["target"], self.config.get("app_dir") or "", bool(self.config.get("factory")))
            self.install()
            serve(Outermost(self.target, self.runs, self.install), self.config, self.ready)
        except LoadError as exc:
            self.channel.send({"error": {"phase": exc.phase, "message": exc.message, "traceback": exc.shown}})
            return 3
        except BaseException as exc:
            shown = traceback.format_exc()
            message = "{}: {}".format(type(exc).__name__, exc)
            self.channel.send({"error": {"phase": "server", "message": message, "traceback": shown}})
            return 3
        self.channel.flush()
        self.channel.send({"stopped": {}})
        return 0

    def install(self) -> None:
        """Observe the target's framework as soon as the target has imported it."""
        if not self._installed and starlette.loaded():
            self._installed = True
            starlette.install(self.config["probe_path"], lambda app: app is self.target)

    def ready(self, server: Any, facts: Dict[str, Any]) -> None:
        """The server accepts connections: from now on obey the control pipe on its loop."""
        self.server = server
        loop = asyncio.get_running_loop()
        self.channel.bind(loop)
        self.guard.watch(loop)
        loop.add_reader(self.reader.fd, self.obey)
        self.install()
        self.channel.send(
            {
                "ready": {
                    "server": facts,
                    "python": platform.python_version(),
                    "platform": platform.platform(),
                    "framework": starlette.versions() if self._installed else None,
                    "versions": _versions(),
                    "pid": os.getpid(),
                }
            }
        )

    def obey(self) -> None:
        """Carry out what the suite says on the control pipe."""
        try:
            messages = self.reader.take()
        except OSError:
            os._exit(0)
        for message in messages:
            for verb in ("run", "go", "snapshot", "cancel", "forget", "surface", "stop"):
                if verb in message:
                    getattr(self, "on_" + verb)(message[verb], message)

    def on_run(self, run_id: str, message: Dict[str, Any]) -> None:
        self.runs.get(run_id).brief(message)

    def on_go(self, value: List[Any], message: Dict[str, Any]) -> None:
        self.runs.get(value[0]).go(value[1])

    def on_snapshot(self, run_id: str, message: Dict[str, Any]) -> None:
        self.channel.flush()
        self.channel.send({"snapshot": [run_id, self.runs.get(run_id).snapshot()]})

    def on_cancel(self, run_id: str, message: Dict[str, Any]) -> None:
        task = self.runs.get(run_id).task
        if task is not None:
            task.cancel()

    def on_forget(self, run_ids: List[str], message: Dict[str, Any]) -> None:
        for run_id in run_ids:
            self.runs.forget(run_id)

    def on_surface(self, run_id: str, message: Dict[str, Any]) -> None:
        self.channel.send({"surface": [run_id, surface()]})

    def on_stop(self, value: Any, message: Dict[str, Any]) -> None:
        asyncio.get_running_loop().remove_reader(self.reader.fd)
        self.server.should_exit = True


def _versions() -> Dict[str, str]:
    out = {}
    for name in ("uvicorn", "websockets", "wsproto", "starlette", "fastapi", "httptools", "uvloop", "h11", "anyio"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version:
            out[name] = str(version)
    return out
