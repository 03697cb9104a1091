"""Starlette's TestClient in the place of a server: what an application's own unit tests tell it.

The suite's client speaks to the inherited socket as to any server. `Bridge` turns what it sends into calls of
TestClient, and what TestClient gives back into what travels on the wire.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import threading
import warnings
from typing import Any, Dict, List

from ..loader import LoadError
from .interface import GRACE, Ready, Server, loop_name, not_installed, version_of
from .lifespan import Lifespan
from .testclient_bridge import Bridge


class TestClient(Server):
    """TestClient used as tests use it: in a ``with`` block, so that the lifespan runs and all share one event loop."""

    def __init__(self, config: Dict[str, Any]) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from starlette.testclient import TestClient as Client
        except (ImportError, RuntimeError):
            # Starlette raises RuntimeError where the HTTP client that it needs is missing.
            raise not_installed("starlette.testclient", "starlette httpx") from None
        self._client_class: Any = Client
        self._lifespan = _Tolerant()
        self._wake_reader, self._wake = os.pipe()
        self._bridges: List[Bridge] = []

    def run(self, app: Any, listener: int, ready: Ready) -> None:
        """Serve ``app`` on the inherited socket until told to stop; `LoadError` where the start-up fails."""
        os.set_inheritable(listener, False)
        self._lifespan.app = app
        client = self._client_class(self._lifespan)
        try:
            client.__enter__()
        except BaseException as exc:
            if self._lifespan.problem:
                raise self._lifespan.failure() from None
            message = "start-up raised {}: {}".format(type(exc).__name__, exc)
            raise LoadError("lifespan", message) from None
        if self._lifespan.problem:
            # TestClient goes on where a start-up has failed without an exception.
            raise self._lifespan.failure()
        client.portal.call(self._tell, ready)
        with socket.socket(fileno=listener) as listening:
            self._accept(listening, client)
        # Applications that are not over by then are left behind: the suite ends this process.
        ended = threading.Thread(target=self._leave, args=(client,), daemon=True)
        ended.start()
        ended.join(2 * GRACE)

    def stop(self) -> None:
        """Begin to shut down."""
        os.write(self._wake, b".")

    async def _tell(self, ready: Ready) -> None:
        ready(
            {
                "name": "testclient",
                "version": version_of("starlette"),
                "ws": "none",
                "http": "none",
                "loop": loop_name(asyncio.get_running_loop()),
            }
        )

    def _accept(self, listening: socket.socket, client: Any) -> None:
        listening.setblocking(False)
        while True:
            readable, _, _ = select.select([listening.fileno(), self._wake_reader], [], [])
            if self._wake_reader in readable:
                return
            try:
                connection, _ = listening.accept()
            except OSError:
                continue
            connection.setblocking(True)
            bridge = Bridge(connection, client)
            self._bridges = [one for one in self._bridges if one.is_alive()] + [bridge]
            bridge.start()

    def _leave(self, client: Any) -> None:
        for bridge in self._bridges:
            bridge.leave()
        client.__exit__(None, None, None)


class _Tolerant(Lifespan):
    """The target, whose lifespan may raise where it knows none: tests of such an application do without."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await super().__call__(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, send)
        except Exception:
            if self.started:
                raise
            self.problem = {}
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
