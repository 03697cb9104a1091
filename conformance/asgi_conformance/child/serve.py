"""Uvicorn, run on the inherited socket with the observed target."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List

from .loader import LoadError

WS_MODULES = {
    "WebSocketsSansIOProtocol": "websockets-sansio",
    "WebSocketProtocol": "websockets",
    "WSProtocol": "wsproto",
}


class Lifespan:
    """The target's lifespan, watched: what it raises at start-up must not be lost in the server's log."""

    def __init__(self, app: Any) -> None:
        self.app = app
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


def serve(app: Any, config: Dict[str, Any], ready: Callable[[Any, Dict[str, Any]], None]) -> None:
    """Run uvicorn until it is told to stop; ``ready(server, facts)`` is called on its loop when it accepts connections."""
    try:
        import uvicorn
        from uvicorn.server import Server
    except ImportError:
        message = "uvicorn is not installed for {}".format(sys.executable)
        raise LoadError("server", message + "; install it there: pip install uvicorn websockets") from None

    lifespan = Lifespan(app)
    options = dict(config.get("options") or {})
    try:
        settings = uvicorn.Config(
            lifespan,
            ws=config.get("ws") or "auto",
            http=config.get("http") or "auto",
            loop=config.get("loop") or "auto",
            lifespan=config.get("lifespan") or "auto",
            log_level="info",
            access_log=False,
            timeout_graceful_shutdown=config.get("grace", 1),
            **options,
        )
        settings.load()
    except (ImportError, SystemExit, KeyError, ValueError, TypeError) as exc:
        raise LoadError("server", "uvicorn cannot run as asked ({}: {})".format(type(exc).__name__, exc)) from None
    protocol = settings.ws_protocol_class
    if protocol is None:
        message = "uvicorn has no WebSocket implementation in {}".format(sys.executable)
        raise LoadError("server", message + "; install one there: pip install websockets")

    class Observed(Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            if self.should_exit:
                return
            loop = asyncio.get_running_loop()
            facts = {
                "name": "uvicorn",
                "version": uvicorn.__version__,
                "ws": WS_MODULES.get(protocol.__name__, protocol.__name__),
                "http": settings.http_protocol_class.__module__.rpartition(".")[2].replace("_impl", ""),
                "loop": type(loop).__module__.split(".")[0],
            }
            ready(self, facts)

    server = Observed(settings)
    sock = socket.socket(fileno=config["socket"])
    try:
        server.run(sockets=[sock])
    except SystemExit as exc:
        if lifespan.problem:
            message = "start-up raised " + lifespan.problem["message"]
            raise LoadError("lifespan", message, lifespan.problem["traceback"]) from None
        raise LoadError("lifespan", "the server ended at start-up with exit code {}".format(exc.code)) from None


class Guard(threading.Thread):
    """Ends the process when the suite's end of the life pipe is gone, and sends the heartbeat that deadlines rest on."""

    def __init__(self, fd: int, send: Callable[[Dict[str, Any]], None], flush: Callable[[], None]) -> None:
        super().__init__(name="conformance-guard", daemon=True)
        self._fd = fd
        self._send = send
        self._flush = flush
        self._loop: Any = None
        self._loop_thread = 0
        self._asked = 0
        self._answered = 0

    def watch(self, loop: Any) -> None:
        """From now on every beat says whether this loop turned since the last one."""
        self._loop_thread = threading.get_ident()
        self._loop = loop

    def run(self) -> None:
        import select

        from .wire import now_us

        silent_since = 0
        while True:
            readable, _, _ = select.select([self._fd], [], [], 0.1)
            if readable and not os.read(self._fd, 1):
                os._exit(0)
            loop = self._loop
            if loop is None:
                self._send({"beat": [0, []]})
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
        frame = sys._current_frames().get(self._loop_thread)
        return [
            "{}:{} {}".format(entry.filename, entry.lineno, entry.name) for entry in traceback.extract_stack(frame)[-12:]
        ]
