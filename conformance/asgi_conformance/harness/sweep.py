"""Many short connections at once, each closed with a code of its own and seen lightly on both sides.

The connections are raw sockets under the loop's readers: a protocol and a transport for each would cost as much as the
server does.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .client import Connection
from .deadlines import Deadlines
from .endpoint import Address, Endpoint
from .lane import RUN_HEADER
from .process import TargetProcess

CONCURRENCY = 32
# So often a whole wait may pass without anything happening before the rest of a sweep is given up.
STANDSTILLS = 3
_NAME = b"@run@"
_CLOSE = 8


@dataclass(slots=True)
class Light:
    """One exchange of a sweep.

    ``status`` is that of the handshake's answer, ``closed`` code and reason of the server's Close frame (None: there
    was none; a code of None: it was empty), ``ended`` ``fin`` or ``reset``, '' where TCP did not end. ``told`` is what
    the child saw (child/PROTOCOL.md), None where it said nothing.
    """

    code: int
    status: int | None = None
    closed: tuple[int | None, bytes] | None = None
    ended: str = ""
    told: dict[str, Any] | None = None

    @property
    def complete(self) -> bool:
        """Whether both sides have been seen to the end."""
        return self.told is not None and bool(self.ended)


class Sweep:
    """One direction of a sweep: ``by`` is who closes, ``c`` or ``a``, in capitals on the bare probe."""

    def __init__(self, process: TargetProcess, address: Address, deadlines: Deadlines, by: str) -> None:
        self._process, self._address, self._by = process, address, by
        self._patience = deadlines.seconds("end")
        self._loop = asyncio.get_running_loop()
        connection = Connection(lambda *seen: None, deadlines)
        headers = [*address.headers, (RUN_HEADER, _NAME.decode())]
        subprotocols = list(address.subprotocols)
        host, port = address.endpoint.host, address.endpoint.port
        self._request = connection.request(host, port, address.path, headers, subprotocols)
        self._lights: dict[int, Light] = {}
        self._left: list[int] = []
        self._open: set[_Exchange] = set()
        self._untold = 0
        self._moved = time.monotonic()
        self._done = asyncio.Event()

    async def run(self, codes: Iterable[int]) -> list[Light]:
        """Close a connection with each code; what was not seen to its end comes back incomplete."""
        self._left = list(codes)[::-1]
        self._lights = {code: Light(code) for code in self._left}
        self._untold = len(self._left)
        lights = [self._lights[code] for code in reversed(self._left)]
        heard, self._process.on_message = self._process.on_message, self._hear
        died, self._process.on_death = self._process.on_death, self._done.set
        standstills = 0
        self._process.send({"sweep": True})
        # What is seen is kept, so there is no garbage in it, and more and more for a collector to look through.
        collects = gc.isenabled()
        gc.disable()
        try:
            while self._left and not self._process.dead and standstills < STANDSTILLS:
                self._done.clear()
                self._moved = time.monotonic()
                for _ in range(CONCURRENCY):
                    self._next()
                standstills += not await self._to_the_end()
                for exchange in list(self._open):
                    exchange.stop()
                self._untold = len(self._left)
        finally:
            for exchange in list(self._open):
                exchange.stop()
            self._process.on_message, self._process.on_death = heard, died
            self._process.send({"sweep": False})
            if collects:
                gc.enable()
            if self._process.dead:
                died()
        return lights

    async def _to_the_end(self) -> bool:
        """Wait until everything has been seen, or nothing has moved for a whole deadline; whether all was seen."""
        while not self._done.is_set():
            try:
                await asyncio.wait_for(self._done.wait(), self._patience / 4)
            except TimeoutError:
                if time.monotonic() - self._moved > self._patience:
                    return False
        return not self._process.dead

    def _next(self) -> None:
        if self._left:
            code = self._left.pop()
            request = self._request.replace(_NAME, f"~{self._by}{code}".encode())
            self._open.add(_Exchange(self, self._lights[code], request, self._by in "cC"))

    def ended(self, exchange: _Exchange) -> None:
        """A connection is over: the next one takes its place."""
        self._open.discard(exchange)
        self._moved = time.monotonic()
        self._next()
        self._look()

    def _hear(self, message: dict[str, Any]) -> None:
        for run_id, _, boundary, _, data in message.get("o", ()):
            if boundary == "sweep":
                light = self._lights.get(int(run_id[2:]))
                if light is not None and light.told is None:
                    light.told = data
                    self._untold -= 1
        self._moved = time.monotonic()
        self._look()

    def _look(self) -> None:
        if not self._open and not self._left and self._untold <= 0:
            self._done.set()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which everything runs."""
        return self._loop

    @property
    def endpoint(self) -> Endpoint:
        """Where the server listens."""
        return self._address.endpoint


class _Exchange:
    """One connection: handshake, a Close frame in each direction, the end."""

    __slots__ = ("_buffer", "_light", "_request", "_sends", "_sock", "_sweep")

    def __init__(self, sweep: Sweep, light: Light, request: bytes, sends: bool) -> None:
        self._sweep, self._light, self._request, self._sends = sweep, light, request, sends
        self._buffer = b""
        self._sock = socket.socket(sweep.endpoint.family, socket.SOCK_STREAM)
        self._sock.setblocking(False)
        self._sock.connect_ex(sweep.endpoint.address)
        sweep.loop.add_reader(self._sock.fileno(), self._readable)
        # On loopback the connection stands by now, as a rule.
        self._write()

    def _write(self) -> None:
        fd = self._sock.fileno()
        try:
            self._sock.send(self._request)
        except OSError as exc:
            if exc.errno in (errno.EAGAIN, errno.ENOTCONN, errno.EINPROGRESS):
                self._sweep.loop.add_writer(fd, self._writable)
            # Any other error is read by the reader, which ends the exchange.

    def _writable(self) -> None:
        self._sweep.loop.remove_writer(self._sock.fileno())
        self._write()

    def _readable(self) -> None:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            self._end("reset")
            return
        if not data:
            self._end("fin")
            return
        self._buffer += data
        if self._light.status is None and not self._answered():
            return
        self._read_frames()

    def _answered(self) -> bool:
        """Read the answer to the handshake; whether frames follow."""
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        self._light.status = int(head[9:12]) if head[9:12].isdigit() else 0
        self._buffer = rest
        if self._light.status != 101:
            self._end("refused")
            return False
        if self._sends:
            self._send_close(struct.pack("!H", self._light.code))
        return True

    def _send_close(self, body: bytes) -> None:
        try:
            # A key of zeros masks as any other does.
            self._sock.send(bytes((0x80 | _CLOSE, 0x80 | len(body), 0, 0, 0, 0)) + body)
        except OSError:
            return

    def _read_frames(self) -> None:
        while len(self._buffer) >= 2:
            size, at = self._buffer[1] & 0x7F, 2
            if size == 126:
                size, at = int.from_bytes(self._buffer[2:4], "big"), 4
            if len(self._buffer) < at + size:
                return
            opcode, body = self._buffer[0] & 0x0F, self._buffer[at : at + size]
            self._buffer = self._buffer[at + size :]
            if opcode == _CLOSE and self._light.closed is None:
                code = int.from_bytes(body[:2], "big") if len(body) > 1 else None
                self._light.closed = (code, body[2:])
                if not self._sends:
                    self._send_close(body)

    def _end(self, how: str) -> None:
        self._light.ended = how
        self._release()
        self._sweep.ended(self)

    def _release(self) -> None:
        fd = self._sock.fileno()
        self._sweep.loop.remove_reader(fd)
        self._sweep.loop.remove_writer(fd)
        self._sock.close()

    def stop(self) -> None:
        """Let go of a connection that did not end."""
        self._release()
        self._sweep._open.discard(self)
