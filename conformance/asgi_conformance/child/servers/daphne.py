"""Daphne, run on the inherited socket with the observed target, on Twisted's reactor over asyncio."""

from __future__ import annotations

import importlib
import os
from typing import Any, Dict

from ..loader import LoadError
from .interface import GRACE, Ready, Server, cannot_run, loop_name, not_installed, version_of

# Seconds until it gives up on a handshake that the application does not answer, where the settings do not say.
HANDSHAKE = 60


class Daphne(Server):
    """Daphne in the target's process; its WebSockets are autobahn's. It has no lifespan."""

    def __init__(self, config: Dict[str, Any]) -> None:
        try:
            # Installs the reactor, whose loop turns until the end: nothing may import Twisted's reactor before.
            self._server_class: Any = importlib.import_module("daphne.server").Server
            self._reactor: Any = importlib.import_module("twisted.internet.reactor")
        except ImportError:
            raise not_installed("daphne", "daphne") from None
        self._server: Any = None
        # Its own 5 seconds for a handshake are as many as the suite waits for an answer: what is seen must not hang on
        # whose clock is ahead.
        self._options = {"websocket_handshake_timeout": HANDSHAKE, **(config.get("options") or {})}
        self._listening = False

    def run(self, app: Any, listener: int, ready: Ready) -> None:
        """Serve ``app`` on the inherited socket until told to stop."""
        os.set_inheritable(listener, False)
        reactor = self._reactor
        facts = {
            "name": "daphne",
            "version": version_of("daphne"),
            "ws": "autobahn",
            "http": "twisted",
            "loop": loop_name(reactor._asyncioEventloop),
        }

        def told() -> None:
            self._listening = True
            ready(facts)

        try:
            self._server = self._server_class(app, endpoints=["fd:fileno={}".format(listener)], **self._options)
        except TypeError as exc:
            raise cannot_run("daphne", exc) from None
        # The first turn of the loop: by then it listens, or has said that it cannot.
        reactor.callLater(0, told)
        self._server.run()
        if not self._listening:
            raise LoadError("server", "daphne could not listen on the socket that it was given")

    def stop(self) -> None:
        """Begin to shut down."""
        self._server.stop()
        # It waits without an end for applications that do not let themselves be cancelled.
        self._reactor.callLater(2 * GRACE, self._reactor.crash)
