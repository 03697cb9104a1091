"""The child process from its first line to its last: configure, load, serve, obey."""

from __future__ import annotations

import asyncio
import gc
import os
import platform
import sys
import traceback
from typing import Any, Dict, List, Optional

from .boundary import Outermost
from .frameworks.registry import Frameworks
from .guard import Guard, die_with_parent, end_group
from .loader import LoadError, load
from .recorder import Runs
from .servers import server_of
from .servers.interface import Server
from .surface import surface
from .tasks import watch_tasks
from .wire import Channel, LineReader, out_of_reach

# Packages whose versions a report names, where the target has imported them.
VERSIONS = (
    "uvicorn", "websockets", "wsproto", "httptools", "uvloop", "h11", "anyio", "starlette", "fastapi", "hypercorn",
    "daphne", "granian", "twisted", "autobahn", "h2", "litestar", "quart", "channels", "django", "falcon",
    "blacksheep", "sanic",
)
# What the suite says on the control pipe (PROTOCOL.md), each message one of them.
VERBS = frozenset(("run", "go", "snapshot", "cancel", "forget", "surface", "routes", "sweep", "shutdown", "stop"))


class Child:
    """One target under one server."""

    def __init__(self, control: int, observations: int, life: int) -> None:
        control, observations, life = (out_of_reach(fd) for fd in (control, observations, life))
        self.reader = LineReader(control)
        self.channel = Channel(observations)
        self.guard = Guard(life, self.channel.send, self.channel.flush)
        os.register_at_fork(after_in_child=lambda: _close(control, observations, life))
        self.runs = Runs(self.channel)
        self.config: Dict[str, Any] = {}
        self.target: Any = None
        self.server: Optional[Server] = None
        self.accepting = False
        self.frameworks = Frameworks("")
        # Asked for before the target can patch what answers; platform.platform() would run a program.
        self.platform = "{0.sysname}-{0.release}-{0.machine}".format(os.uname())

    def run(self) -> int:
        """Serve until told to stop; the exit status."""
        self.config = self.reader.read_first()
        self.frameworks = Frameworks(self.config["probe_path"])
        if self.config.get("main_thread"):
            die_with_parent()
        self.guard.start()
        sys.argv = [self.config["server"], self.config["target"]]
        try:
            config = self.config
            self.server = server_of(config)
            self.target = load(config["target"], config.get("app_dir") or "", bool(config.get("factory")))
            self.install()
            self.server.run(self.observed_target(), self.config["socket"], self.ready)
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

    def observed_target(self) -> Outermost:
        """The target with its edge observed."""
        frameworks = self.frameworks
        inside = frameworks.inside if self.config.get("inside") else None
        path = self.config["probe_path"]
        return Outermost(self.target, self.runs, path, self.install, frameworks.is_application, inside)

    def install(self) -> None:
        """Observe the target's frameworks as soon as the target has imported them."""
        if self.frameworks.install(self.target) and self.accepting:
            # A target that imports its framework at the first connection only.
            self.channel.send({"framework": self.frameworks.facts()})

    def ready(self, facts: Dict[str, str]) -> None:
        """The server accepts connections: from now on obey the control pipe on its loop."""
        self.accepting = True
        # What has been imported stays: a search for garbage that goes through it is most of what searches cost.
        gc.freeze()
        loop = asyncio.get_running_loop()
        self.channel.bind(loop)
        self.guard.watch(loop)
        watch_tasks(loop)
        loop.add_reader(self.reader.fd, self.obey)
        self.install()
        self.channel.send(
            {
                "ready": {
                    "server": facts,
                    "python": platform.python_version(),
                    "platform": self.platform,
                    "framework": self.frameworks.facts(),
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
            end_group()
        for message in messages:
            for verb in VERBS.intersection(message):
                getattr(self, "on_" + verb)(message[verb], message)

    def on_run(self, run_id: str, message: Dict[str, Any]) -> None:
        self.runs.brief(run_id, message)

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

    def on_routes(self, value: Any, message: Dict[str, Any]) -> None:
        self.channel.send({"routes": self.frameworks.discover()})

    def on_shutdown(self, value: Any, message: Dict[str, Any]) -> None:
        """As `on_stop`, for a case that is about it: what it says on the control pipe still counts."""
        if self.server is not None:
            self.server.stop()

    def on_sweep(self, goes_on: bool, message: Dict[str, Any]) -> None:
        self.runs.teller.sweep(goes_on)

    def on_stop(self, value: Any, message: Dict[str, Any]) -> None:
        asyncio.get_running_loop().remove_reader(self.reader.fd)
        if self.server is not None:
            self.server.stop()


def _close(*fds: int) -> None:
    """What the target forks has no part in the pipes: they must end with this process."""
    for fd in fds:
        try:
            os.close(fd)
        except OSError:
            continue


def _versions() -> Dict[str, str]:
    out = {}
    for name in VERSIONS:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version:
            out[name] = str(version)
    return out
