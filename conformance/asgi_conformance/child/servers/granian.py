"""Granian, embedded in the target's process with a single worker, run on the inherited socket."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import socket
from pathlib import Path
from typing import Any, Dict

from ..loader import LoadError
from .granian_worker import Worker
from .interface import GRACE, Ready, Server, cannot_run, loop_name, not_installed, version_of
from .lifespan import Lifespan


class Granian(Server):
    """Granian's embedded server (since 2.0), before that its worker: a process of their own could not be observed."""

    def __init__(self, config: Dict[str, Any]) -> None:
        try:
            importlib.import_module("granian")
        except ImportError:
            raise not_installed("granian", "granian") from None
        self._server: Any = None
        self._worker: Any = None
        self._options = dict(config.get("options") or {})
        if config.get("tls"):
            # Pathlib's paths are what it asks for.
            self._options.update(ssl_cert=Path(config["tls"]["certificate"]), ssl_key=Path(config["tls"]["key"]))
        try:
            self._holder: Any = importlib.import_module("granian.net").SocketHolder
            self._embed: Any = importlib.import_module("granian.server.embed")
        except ImportError:
            if not version_of("granian").startswith("1."):
                message = "granian {} cannot be tested; 1.0 or newer can".format(version_of("granian"))
                raise LoadError("server", message) from None
            self._worker = Worker(dict(self._options))
        self._task: Any = None
        self._ready = self._stopping = False

    def run(self, app: Any, listener: int, ready: Ready) -> None:
        """Serve ``app`` on the inherited socket until told to stop; `LoadError` where the start-up fails."""
        os.set_inheritable(listener, False)
        lifespan = Lifespan(app)
        if self._worker is not None:
            self._worker.serve(lifespan, listener, ready)
            return
        try:
            asyncio.run(self._served(lifespan, listener, ready))
        except TypeError as exc:
            if self._ready:
                raise
            raise cannot_run("granian", exc) from None
        except BaseException:
            if not self._ready:
                raise lifespan.failure() from None
            if not self._stopping:
                raise

    async def _served(self, lifespan: Lifespan, listener: int, ready: Ready) -> None:
        embed, holder, serving = self._embed, self._holder, self
        loop = asyncio.get_running_loop()

        class Observed(embed.Server):  # type: ignore[misc,name-defined]
            def _init_shared_socket(self) -> None:
                self._ssp, self._shd = None, _held(holder, listener)
                self._sfd = listener

        def told() -> None:
            serving._ready = True
            facts = {"name": "granian", "version": version_of("granian"), "ws": "tungstenite", "http": "hyper"}
            ready({**facts, "loop": loop_name(loop)})

        def worker(*args: Any, **kwargs: Any) -> Any:
            # Made once the lifespan has started, and it listens before the loop turns again.
            loop.call_soon(told)
            return made(*args, **kwargs)

        made, embed.ASGIWorker = embed.ASGIWorker, worker
        self._task = asyncio.current_task()
        self._server = Observed(lifespan, interface=embed.Interfaces.ASGI, **self._options)
        self._server.workers_kill_timeout = GRACE
        await self._server.serve()
        if not self._ready:
            raise RuntimeError("the worker ended before it was ready")

    def stop(self) -> None:
        """Begin to shut down."""
        self._stopping = True
        if self._worker is not None:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        self._server.stop()
        asyncio.get_running_loop().call_later(2 * GRACE, self._task.cancel)


def _held(holder: Any, fd: int) -> Any:
    """The socket as the server holds one; what else its holder asks for differs between versions."""
    with socket.socket(fileno=os.dup(fd)) as given:
        unix = given.family == socket.AF_UNIX
    # Without being told that it is a Unix socket a holder takes it for one of TCP.
    for more in ((True, 1024),) if unix else ((False, 1024), (1024,), ()):
        try:
            return holder(fd, *more)
        except TypeError:
            continue
    raise TypeError("this version takes no socket that is already open")
