"""Uvicorn, run on the inherited socket with the observed target."""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
import sys
from typing import Any, Dict

from ..loader import LoadError
from .interface import GRACE, Ready, Server, cannot_run, loop_name, not_installed
from .lifespan import Lifespan

WS_MODULES = {
    "WebSocketsSansIOProtocol": "websockets-sansio",
    "WebSocketProtocol": "websockets",
    "WSProtocol": "wsproto",
}
_log = logging.getLogger("uvicorn.error")


class Uvicorn(Server):
    """Uvicorn in the target's process, with the WebSocket implementation that was asked for."""

    def __init__(self, config: Dict[str, Any]) -> None:
        try:
            import uvicorn
            import uvicorn.server
        except ImportError:
            raise not_installed("uvicorn", "uvicorn websockets") from None
        self._ready = False
        self._level = logging.NOTSET
        self._lifespan = Lifespan()
        self._server: Any = None
        self._server_class: Any = uvicorn.server.Server
        self._version = uvicorn.__version__
        given = dict(config.get("options") or {})
        if config.get("tls"):
            given.update(ssl_certfile=config["tls"]["certificate"], ssl_keyfile=config["tls"]["key"])
        loop, http = given.pop("loop", "auto"), given.pop("http", "auto")
        if "timeout_graceful_shutdown" in inspect.signature(uvicorn.Config).parameters:  # since 0.22
            given.setdefault("timeout_graceful_shutdown", GRACE)
        try:
            self._settings = uvicorn.Config(
                self._lifespan,
                ws=config.get("ws") or "auto",
                http=http,
                loop=loop,
                lifespan=config.get("lifespan") or "auto",
                log_level="info",
                access_log=False,
                **given,
            )
            self._settings.load()
        except (ImportError, SystemExit, KeyError, ValueError, TypeError) as exc:
            raise cannot_run("uvicorn", exc) from None
        self._protocol: Any = self._settings.ws_protocol_class
        if self._protocol is None:
            message = "uvicorn has no WebSocket implementation in {}".format(sys.executable)
            raise LoadError("server", message + "; install one there: pip install websockets")

    def run(self, app: Any, listener: int, ready: Ready) -> None:
        """Serve ``app`` on the inherited socket until told to stop; `LoadError` where the start-up fails."""
        lifespan, settings, protocol, version = self._lifespan, self._settings, self._protocol, self._version
        lifespan.app, serving = app, self

        class Observed(self._server_class):  # type: ignore[misc,name-defined]
            async def startup(self, sockets: Any = None) -> None:
                await super().startup(sockets=sockets)
                if self.should_exit:
                    return
                facts = {
                    "name": "uvicorn",
                    "version": version,
                    "ws": WS_MODULES.get(protocol.__name__, protocol.__name__),
                    "http": settings.http_protocol_class.__module__.rpartition(".")[2].replace("_impl", ""),
                    "loop": loop_name(asyncio.get_running_loop()),
                }
                serving._ready = True
                # Two lines for each of thousands of connections would leave nothing else of what the target prints.
                serving._level = _log.level
                _log.setLevel(max(_log.level, logging.WARNING))
                ready(facts)

            async def shutdown(self, sockets: Any = None) -> None:
                _log.setLevel(serving._level)
                await super().shutdown(sockets=sockets)

        sock = socket.socket(fileno=listener)
        sock.set_inheritable(False)
        self._server = Observed(settings)
        try:
            self._server.run(sockets=[sock])
        except SystemExit as exc:
            if lifespan.problem:
                raise lifespan.failure() from None
            if not self._ready:
                raise LoadError("lifespan", "start-up ended the process with exit code {}".format(exc.code)) from None
            raise
        if lifespan.problem and not self._ready:  # older versions only return
            raise lifespan.failure()

    def stop(self) -> None:
        """Begin to shut down."""
        self._server.should_exit = True
        # Older versions wait for their connections without an end.
        asyncio.get_running_loop().call_later(2 * GRACE, setattr, self._server, "force_exit", True)
