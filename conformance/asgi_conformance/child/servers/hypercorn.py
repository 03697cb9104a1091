"""Hypercorn on asyncio, run on the inherited socket with the observed target."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
from typing import Any, Awaitable, Callable, Dict

from .interface import GRACE, Ready, Server, cannot_run, loop_name, not_installed, version_of
from .lifespan import Lifespan


class Hypercorn(Server):
    """Hypercorn's asyncio worker in the target's process; its WebSockets are wsproto's, its HTTP/1 is h11's."""

    def __init__(self, config: Dict[str, Any]) -> None:
        try:
            self._serve: Any = importlib.import_module("hypercorn.asyncio").serve
            made: Any = importlib.import_module("hypercorn.config").Config
        except ImportError:
            raise not_installed("hypercorn", "hypercorn") from None
        self._stopping: Any = None
        self._task: Any = None
        self._ready = False
        given = {"graceful_timeout": GRACE, "shutdown_timeout": GRACE, **(config.get("options") or {})}
        if config.get("tls"):
            given.update(certfile=config["tls"]["certificate"], keyfile=config["tls"]["key"])
        try:
            self._settings: Any = made.from_mapping(given)
        except (AttributeError, ValueError, TypeError) as exc:
            raise cannot_run("hypercorn", exc) from None

    def run(self, app: Any, listener: int, ready: Ready) -> None:
        """Serve ``app`` on the inherited socket until told to stop; `LoadError` where the start-up fails."""
        os.set_inheritable(listener, False)
        self._settings.bind = ["fd://{}".format(listener)]
        lifespan = Lifespan(app)
        try:
            asyncio.run(self._served(lifespan, ready))
        except asyncio.CancelledError:
            return  # connections that did not end in time
        except BaseException as exc:
            if self._ready:
                if self._stopping.is_set():
                    return  # what it could not put in order at the end is nobody's concern
                raise
            raise (lifespan.failure() if lifespan.problem else cannot_run("hypercorn", exc)) from None

    async def _served(self, lifespan: Lifespan, ready: Ready) -> None:
        self._task = asyncio.current_task()
        self._stopping = asyncio.Event()

        async def told() -> None:
            # It waits for this as soon as it listens.
            self._ready = True
            ready(
                {
                    "name": "hypercorn",
                    "version": version_of("hypercorn"),
                    "ws": "wsproto",
                    "http": "h11",
                    "loop": loop_name(asyncio.get_running_loop()),
                }
            )
            await self._stopping.wait()

        # Older versions take whatever is an instance with __call__ for an application, and have no mode.
        takes = inspect.signature(self._serve).parameters
        more = {"mode": "asgi"} if "mode" in takes else {}
        if "shutdown_trigger" in takes:
            await self._serve(lifespan, self._settings, shutdown_trigger=told, **more)
        else:
            await self._until_stopped(lifespan, told)

    async def _until_stopped(self, lifespan: Lifespan, told: Callable[[], Awaitable[None]]) -> None:
        """Before 0.8 it knows no trigger, and cannot be asked whether it listens: it says so in its log."""
        log, listens = self._settings.log, asyncio.Event()
        say = log.info

        async def heard(*args: Any, **kwargs: Any) -> None:
            listens.set()
            await say(*args, **kwargs)

        log.info = heard
        serving = asyncio.ensure_future(self._serve(lifespan, self._settings))
        await asyncio.wait([asyncio.ensure_future(listens.wait()), serving], return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            await told()
            serving.cancel()
        await serving

    def stop(self) -> None:
        """Begin to shut down."""
        self._stopping.set()
        asyncio.get_running_loop().call_later(2 * GRACE, self._task.cancel)
