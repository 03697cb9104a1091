"""A broken server: uvicorn's websockets-sansio implementation with one fault, below all that the suite observes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.server import ServerProtocol

from .configured import limit, pings, shutdown
from .tamper import Orders, tampered, with_field

# Its methods are looked up and replaced by name.
Protocol: Any = WebSocketsSansIOProtocol
OPCODES = {
    "text": Opcode.TEXT,
    "binary": Opcode.BINARY,
    "continuation": Opcode.CONT,
    "close": Opcode.CLOSE,
    "ping": Opcode.PING,
    "pong": Opcode.PONG,
}


def events(orders: Orders) -> None:
    """A fault in the events that the server gives and takes."""
    run = Protocol.run_asgi

    async def run_asgi(self: Any) -> None:
        kind = type(self)
        receive, send = tampered(orders, kind.receive.__get__(self), kind.send.__get__(self))
        self.receive, self.send = receive, send
        await run(self)

    Protocol.run_asgi = run_asgi


def scope(orders: Orders) -> None:
    """A fault in the scope."""
    run = Protocol.run_asgi

    async def run_asgi(self: Any) -> None:
        changed = with_field(dict(self.scope), orders["field"], orders["operator"], _given(orders))
        self.scope = changed
        await run(self)

    Protocol.run_asgi = run_asgi


def _given(orders: Orders) -> Any:
    value = orders.get("given")
    if orders["field"] in ("client", "server") and isinstance(value, list):
        return tuple(value)
    return value


def outgoing(orders: Orders) -> None:
    """A fault in the frames that the server sends."""
    original: Any = ServerProtocol.send_frame
    opcode = OPCODES[orders["subject"].partition(".")[2]]

    def send_frame(self: Any, frame: Frame) -> None:
        if frame.opcode is not opcode or not _at(orders["when"], self):
            original(self, frame)
            return
        if orders["operator"] == "masked":
            self.writes.append(frame.serialize(mask=True, extensions=[]))
            return
        for each in FRAMES[orders["operator"]](frame):
            original(self, each)

    ServerProtocol.send_frame = send_frame  # type: ignore[method-assign]


def _at(when: str, protocol: Any) -> bool:
    answers = protocol.close_rcvd is not None
    return {"": True, "answering": answers, "own": not answers}[when]


def _with_close(frame: Frame, code: int | None, reason: str = "") -> Frame:
    data = b"" if code is None else code.to_bytes(2, "big") + reason.encode()
    return replace(frame, data=data)


def _code(frame: Frame) -> int:
    return int(Close.parse(frame.data).code) if frame.data else 1000


FRAMES: dict[str, Callable[[Frame], list[Frame]]] = {
    "drop": lambda frame: [],
    "duplicate": lambda frame: [frame, frame],
    "changed": lambda frame: [replace(frame, data=bytes(frame.data[:2]) + b"!" + bytes(frame.data[2:]))],
    "emptied": lambda frame: [replace(frame, data=b"")],
    "constant": lambda frame: [_with_close(frame, 1011)],
    "increased": lambda frame: [_with_close(frame, _code(frame) + 1)],
    "reserved": lambda frame: [_with_close(frame, 1006)],
    "out-of-range": lambda frame: [_with_close(frame, 999)],
    "half": lambda frame: [replace(frame, data=b"\x03")],
    "overlong": lambda frame: [_with_close(frame, _code(frame), "x" * 124)],
    "no-text": lambda frame: [replace(frame, data=bytes(frame.data[:2]) + b"\xff\xfe")],
    "followed": lambda frame: [frame, Frame(Opcode.TEXT, b"one more")],
    "fragment": lambda frame: [replace(frame, fin=False)],
    "other-kind": lambda frame: [replace(frame, opcode=Opcode.BINARY if frame.opcode is Opcode.TEXT else Opcode.TEXT)],
}


def unchecked(orders: Orders) -> None:
    """Whatever the application closes with goes out."""

    def send_close(self: Any, code: int | None = None, reason: str = "") -> None:
        data = b"" if code is None else (code & 0xFFFF).to_bytes(2, "big") + reason.encode()
        self.send_frame(Frame(Opcode.CLOSE, data))

    ServerProtocol.send_close = send_close  # type: ignore[method-assign]


def incoming(orders: Orders) -> None:
    """A fault in what the server makes of the client's frames."""
    name = {"text": "text", "binary": "bytes", "continuation": "cont", "close": "close", "ping": "ping", "pong": "pong"}
    method = "handle_" + name[orders["subject"].partition(".")[2]]
    original = getattr(Protocol, method)

    def handle(self: Any, *frames: Frame) -> None:
        match orders["operator"]:
            case "drop":
                self.conn.data_to_send()  # what would have been the answer, thrown away
            case "duplicate":
                original(self, *frames)
                original(self, *frames)
            case "split":
                original(self, *(replace(frame, fin=True) for frame in frames))
            case "event":
                self.queue.put_nowait({"type": "websocket." + orders["subject"].partition(".")[2]})
                original(self, *frames)
            case "message":
                self.queue.put_nowait({"type": "websocket.receive", "bytes": bytes(frames[0].data)})
                original(self, *frames)
            case "ends":
                self.conn.fail(1002, "not asked for")
                self.handle_parser_exception()
            case "late":
                self.loop.call_later(0.0, original, self, *frames)

    setattr(Protocol, method, handle)


def failure(orders: Orders) -> None:
    """A fault in how a connection is failed at a frame that breaks the protocol."""
    original = Protocol.handle_parser_exception
    operator = orders["operator"]

    def handle_parser_exception(self: Any) -> None:
        told = {"type": "websocket.disconnect", "code": 1002, "reason": ""}
        if operator == "silent-to-the-application":
            self.queue = asyncio.Queue()
            self.queue.put_nowait = lambda event: None
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()
        elif operator == "no-close-frame":
            self.queue.put_nowait(told)
            self.close_sent = True
            self.transport.close()
        elif operator == "stays-open":
            self.queue.put_nowait(told)
            self.close_sent = True
        elif operator == "wrong-code":
            self.queue.put_nowait(told)
            self.transport.write(b"\x88\x02\x03\xe8")
            self.close_sent = True
            self.transport.close()
        elif operator == "goes-on":
            self.queue.put_nowait({"type": "websocket.receive", "text": "after"})
            original(self)

    Protocol.handle_parser_exception = handle_parser_exception


def ending(orders: Orders) -> None:
    """A fault in how TCP ends, or in what the application is told of its end."""
    operator = orders["operator"]
    if operator in ("stays-open", "reset"):
        made = Protocol.connection_made

        def connection_made(self: Any, transport: Any) -> None:
            made(self, _Endless(transport) if operator == "stays-open" else _Abrupt(transport))

        Protocol.connection_made = connection_made
    elif operator == "not-told":
        lost = Protocol.connection_lost

        def connection_lost(self: Any, exc: Exception | None) -> None:
            lost(self, exc)
            while not self.queue.empty():
                self.queue.get_nowait()

        Protocol.connection_lost = connection_lost
    elif operator == "application-over":
        run = Protocol.run_asgi

        async def run_asgi(self: Any) -> None:
            transport = self.transport
            app = self.app

            async def endless(*args: Any) -> None:
                try:
                    await app(*args)
                finally:
                    if not self.close_sent:
                        self.transport = _Endless(transport)

            self.app = endless
            await run(self)

        Protocol.run_asgi = run_asgi


class _Transport:
    """A transport that ends in another way."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Endless(_Transport):
    def close(self) -> None:
        """TCP stays open."""


class _Abrupt(_Transport):
    def close(self) -> None:
        """TCP ends with a reset."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER for no time at all
        self._transport.abort()


def response(orders: Orders) -> None:
    """A fault in the server's own part of the handshake."""
    operator = orders["operator"]
    accept: Any = ServerProtocol.accept
    process: Any = ServerProtocol.process_request
    handle = Protocol.handle_connect

    def mutated(self: Any, request: Any) -> Any:
        answer = accept(self, request)
        if answer.status_code == 101:
            if operator == "wrong-key":
                del answer.headers["Sec-WebSocket-Accept"]
                answer.headers["Sec-WebSocket-Accept"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
            elif operator == "no-key":
                del answer.headers["Sec-WebSocket-Accept"]
            elif operator == "extension":
                answer.headers["Sec-WebSocket-Extensions"] = "x-never-offered"
            elif operator == "subprotocol":
                answer.headers["Sec-WebSocket-Protocol"] = "never.offered"
        return answer

    def lenient(self: Any, request: Any) -> Any:
        try:
            return process(self, request)
        except Exception:
            return "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", None, None

    def handle_connect(self: Any, event: Any) -> None:
        if operator == "strict" and {"cookie", "origin", "x-unknown"} & {name.lower() for name in event.headers}:
            event.headers["Sec-WebSocket-Version"] = "0"
        handle(self, event)
        if operator == "dies" and self.response.status_code != 101:
            os._exit(3)
        if operator == "early":
            self.transport.write(self.response.serialize())

    ServerProtocol.accept = mutated  # type: ignore[method-assign]
    if operator == "lenient":
        ServerProtocol.process_request = lenient  # type: ignore[method-assign]
    Protocol.handle_connect = handle_connect


def unfinished(orders: Orders) -> None:
    """The application is called before the request is complete."""
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    for kind in (HttpToolsProtocol, H11Protocol):
        _impatient(kind)


def _impatient(kind: Any) -> None:
    original = kind.data_received

    def data_received(self: Any, data: bytes) -> None:
        if data.startswith(b"GET ") and b"\r\n\r\n" not in data:
            data += b"\r\n"
        original(self, data)

    kind.data_received = data_received


KINDS: dict[str, Callable[[Orders], None]] = {
    "events": events,
    "scope": scope,
    "outgoing": outgoing,
    "unchecked": unchecked,
    "incoming": incoming,
    "failure": failure,
    "ending": ending,
    "response": response,
    "unfinished": unfinished,
    "limit": limit,
    "pings": pings,
    "shutdown": shutdown,
}
