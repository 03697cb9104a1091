"""A server that does not do what it was configured for: limits of messages, pings of its own, its shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.server import ServerProtocol

from .tamper import Orders

Protocol: Any = WebSocketsSansIOProtocol


def limit(orders: Orders) -> None:
    """A fault in the limit of a message, or in what becomes of a longer one."""
    operator = orders["operator"]
    if operator in CHANGED:
        original = Protocol.__init__

        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            given = self.conn.max_message_size
            # Where nothing is configured it is 16 MiB, which nobody comes near.
            self.conn.max_message_size = CHANGED[operator](given)

        Protocol.__init__ = init
    elif operator == "each-fragment":
        checked: Any = ServerProtocol.recv_frame

        def recv_frame(self: Any, frame: Any) -> None:
            checked(self, frame)
            self.current_size = None if self.current_size is None else 0

        ServerProtocol.recv_frame = recv_frame  # type: ignore[method-assign]
    else:
        handled = Protocol.handle_parser_exception

        def handle_parser_exception(self: Any) -> None:
            if type(self.conn.parser_exc).__name__ != "PayloadTooBig":
                handled(self)
                return
            if operator == "cut":
                self.queue.put_nowait({"type": "websocket.receive", "text": "x"})
                handled(self)
                return
            if operator != "not-told":
                self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
            self.close_sent = True
            if operator == "wrong-code":
                self.transport.write(b"\x88\x02\x03\xe8")
            elif operator == "not-told":
                self.queue.put_nowait = lambda event: None
                self.transport.write(b"\x88\x02\x03\xf1")
            if operator != "stays-open":
                self.transport.close()

        Protocol.handle_parser_exception = handle_parser_exception


CHANGED: dict[str, Callable[[int], int | None]] = {
    "none": lambda given: None,
    "decreased": lambda given: given - 1,
    "increased": lambda given: given + 1,
}


# What is not done.
IGNORED = {"drop": "schedule_ping", "deaf": "handle_pong", "patient": "keepalive_timeout"}


def pings(orders: Orders) -> None:
    """A fault in the server's own pings."""
    operator = orders["operator"]

    def nothing(self: Any, *args: Any) -> None:
        return

    if operator in IGNORED:
        setattr(Protocol, IGNORED[operator], nothing)
        return
    if operator in ("event", "message"):
        answered = Protocol.handle_pong
        event = {"type": "websocket.pong"} if operator == "event" else {"type": "websocket.receive", "bytes": b"pong"}

        def handle_pong(self: Any, frame: Any) -> None:
            self.queue.put_nowait(dict(event))
            answered(self, frame)

        Protocol.handle_pong = handle_pong
        return

    def keepalive_timeout(self: Any) -> None:
        self.pong_timer = self.pending_ping_payload = None
        self.close_sent = True
        if operator == "no-close-frame":
            self.transport.close()
        elif operator == "not-told":
            self.transport.write(b"\x88\x02\x03\xf3")
            self.queue.put_nowait = lambda event: None
            self.transport.close()
        elif operator == "code-as-text":
            self.transport.write(b"\x88\x02\x03\xf3")
            self.queue.put_nowait({"type": "websocket.disconnect", "code": "1011"})
            self.transport.close()
        elif operator == "stays-open":
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})

    Protocol.keepalive_timeout = keepalive_timeout


def shutdown(orders: Orders) -> None:
    """A fault in how connections end when the server stops."""
    operator = orders["operator"]
    original = Protocol.shutdown

    if operator == "silent":
        from uvicorn.server import Server

        receive = Protocol.receive
        told: list[bool] = []
        kind: Any = Server
        kind.should_exit = property(lambda self: bool(told), lambda self, value: value and told.append(True))

        async def receive_until_told(self: Any) -> Any:
            return await (asyncio.Event().wait() if told else receive(self))

        Protocol.receive = receive_until_told
        return

    def stop(self: Any) -> None:
        if operator == "cancel":
            for task in self.tasks:
                task.cancel()
        elif operator == "not-told":
            # Nobody waits for an application that is never told, so the process ends without it.
            self.tasks.clear()
            self.queue = asyncio.Queue()
            self.queue.put_nowait = lambda event: None
        elif self.handshake_complete and not self.close_sent:
            if operator == "wrong-code":
                send_close = self.conn.send_close
                self.conn.send_close = lambda code: send_close(1000)
            elif operator == "no-close-frame":
                self.conn.send_close = lambda code: None
            elif operator == "code-as-text":
                put = self.queue.put_nowait
                self.queue.put_nowait = lambda event: put({**event, "code": str(event["code"])})
        original(self)

    Protocol.shutdown = stop
