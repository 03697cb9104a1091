"""Granian before 2.0, which cannot be embedded: the function that its worker process runs, called in this one."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import socket
from typing import Any, Callable, Dict

from ..loader import LoadError
from .interface import cannot_run, loop_name, version_of


class Worker:
    """One worker in this process. ``serve`` blocks until the loop is told to stop."""

    def __init__(self, options: Dict[str, Any]) -> None:
        module = importlib.import_module("granian.server")
        constants = importlib.import_module("granian.constants")
        self._module: Any = module
        try:
            self._granian: Any = module.Granian("served", interface=constants.Interfaces.ASGI, **options)
            # From 1.1 on the plain one is without a lifespan.
            plain = module.Granian._spawn_asgi_worker
            self._spawn: Any = getattr(module.Granian, "_spawn_asgi_lifespan_worker", plain)
        except (AttributeError, TypeError) as exc:
            raise cannot_run("granian", exc) from None
        self._loops: Any = importlib.import_module("granian._loops")

    def serve(self, app: Any, listener: int, ready: Callable[[Dict[str, str]], None]) -> None:
        """Serve ``app`` on the inherited socket."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._loops.loops = type("Loops", (), {"get": staticmethod(lambda kind: loop)})
        made, facts = self._module.ASGIWorker, {"name": "granian", "version": version_of("granian")}
        facts.update(ws="tungstenite", http="hyper", loop=loop_name(loop))

        def worker(*args: Any, **kwargs: Any) -> Any:
            # The socket already listens; the loop turns next.
            loop.call_soon(ready, facts)
            return made(*args, **kwargs)

        self._module.ASGIWorker = worker
        held = socket.socket(fileno=listener)
        self._spawn(**self._arguments(app, held))

    def _arguments(self, app: Any, held: Any) -> Dict[str, Any]:
        """What this release's worker asks for, by name, out of the settings of its server."""
        server = self._granian
        given = {
            "worker_id": 1,
            "process_name": None,
            "callback_loader": lambda: app,
            "socket": held,
            "loop_impl": server.loop,
            "http_mode": server.http,
            "log_config": server.log_config,
            "log_access_fmt": None,
            "scope_opts": {"url_path_prefix": None},
        }
        out = {}
        for name in inspect.signature(self._spawn).parameters:
            if name not in given and not hasattr(server, name):
                raise LoadError("server", "granian {} asks for {}".format(version_of("granian"), name))
            out[name] = given[name] if name in given else getattr(server, name)
        return out
