"""The client's end of one connection: polite unless told otherwise, and every frame and TCP end is recorded.

The opening handshake is that of the ``websockets`` library (`handshake`). Frames are read and written here: a suite
must see, and be able to send, what a polite client refuses.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from ..values import expanded
from . import frames
from .deadlines import Deadlines
from .endpoint import as_asgi, widen
from .handshake import Answer, Handshake, Observe, Pairs
from .waiting import Missed, Waiter

# Past so many data frames or bytes of one connection the client reads no more until it leaves. A flood must not fill
# the suite's memory, and a server whose client takes all at once may never come to anything but sending.
FRAMES_KEPT, BYTES_KEPT = 2000, 8 * 1024 * 1024
HEAD_KEPT, FRAME_KEPT = 2 * 1024 * 1024, 64 * 1024 * 1024  # of an answer, of a frame: past these it gives up


class Ended(Exception):
    """The connection ended, or brought something else, before what was waited for."""


class Connection(Waiter, asyncio.Protocol):
    """One connection of the client lane."""

    def __init__(self, observe: Observe, deadlines: Deadlines, moved: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(deadlines)
        self._observe = observe
        self._moved = moved
        self._transport: asyncio.Transport | None = None
        self._reader = frames.FrameReader()
        self._handshake = Handshake(observe)
        self._problem = ""
        self._writable = asyncio.Event()
        self._writable.set()
        self._message: list[bytes] = []
        self._message_opcode = 0
        self._frames = self._bytes = 0
        self._flooded = False
        self.messages: list[str | bytes] = []
        self.pongs: list[bytes] = []
        self.pings = 0
        self.ignores_pings = False
        self.close_received: tuple[int | None, str] | None = None
        self.close_sent = False
        self.ended = False
        self.silent = self.keeps_open = False
        self.half_closed = False
        self._corked: list[bytes] | None = None

    @property
    def response(self) -> Answer | None:
        """What the handshake was answered with."""
        return self._handshake.answer

    @property
    def handshake_problem(self) -> str:
        """Why the handshake cannot be completed, '' where it can."""
        return self._problem or self._handshake.problem

    @property
    def upgraded(self) -> bool:
        """Whether the handshake was answered with 101."""
        answer = self._handshake.answer
        return answer is not None and answer.status == 101

    def moved_at(self) -> float:
        """When the app lane last came further."""
        return self._moved()

    # What arrives

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        handshake = self._handshake
        if handshake.size > HEAD_KEPT or self._reader.incomplete > FRAME_KEPT:
            self._give_up()
        elif handshake.asked and not self.upgraded:
            if behind := handshake.feed(data):
                self._read_frames(behind)
        else:
            self._read_frames(data)
        self.wake()

    def eof_received(self) -> bool:
        self._handshake.eof()
        self._observe("wire", "received.eof", self._unfinished())
        self._end()
        return self.keeps_open

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended:
            if isinstance(exc, (ConnectionResetError, BrokenPipeError)):
                self._observe("wire", "received.reset", {})
            self._end()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _unfinished(self) -> dict[str, Any]:
        return {"unfinished": self._reader.incomplete} if self._reader.incomplete else {}

    def _end(self) -> None:
        self.ended = True
        self.wake()

    def _read_frames(self, data: bytes) -> None:
        for opcode, payload, fin, rsv, masked in self._reader.feed(data):
            if opcode != frames.CLOSE:
                self._frames += 1
                self._bytes += len(payload)
                if self._frames > FRAMES_KEPT or self._bytes > BYTES_KEPT:
                    self._flood()
                    continue
            self._observe("wire", "received", frames.describe(opcode, payload, fin, rsv, masked or None))
            self._react(opcode, payload, fin)

    def _react(self, opcode: int, payload: bytes, fin: bool) -> None:
        if opcode in (0, frames.TEXT, frames.BINARY):
            if opcode:
                self._message_opcode, self._message = opcode, []
            self._message.append(payload)
            if fin:
                whole = b"".join(self._message)
                text = self._message_opcode == frames.TEXT
                self.messages.append(whole.decode("utf-8", "backslashreplace") if text else whole)
        elif opcode == frames.PONG:
            self.pongs.append(payload)
        elif opcode == frames.PING:
            self.pings += 1
            if self._polite() and not self.ignores_pings:
                self.write_frame(frames.PONG, payload)
        elif opcode == frames.CLOSE and self.close_received is None:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
            self.close_received = (code, payload[2:].decode("utf-8", "backslashreplace"))
            if not self.close_sent and self._polite():
                self.close_sent = True
                self.write_frame(frames.CLOSE, payload)

    def _polite(self) -> bool:
        """Whether this client still answers: its side is open and the script has not silenced it."""
        return not (self.silent or self.ended or self.half_closed)

    # What is sent

    def request(
        self, host: str, port: int, path: str, headers: Pairs, subprotocols: Sequence[str], partial: bool = False
    ) -> bytes:
        """The opening handshake request as bytes (RFC 6455, section 4.1)."""
        return self._handshake.request(host, port, path, headers, subprotocols, partial)

    def request_as_given(
        self, host: str, port: int, first: tuple[str, str, str], without: Sequence[str], headers: Pairs
    ) -> bytes:
        """A handshake request whose first line (method, target, version) and headers are the script's, as bytes."""
        assert self._transport is not None
        ends = {end: as_asgi(self._transport.get_extra_info(end)) for end in ("sockname", "peername")}
        scheme = "ws" if self._transport.get_extra_info("sslcontext") is None else "wss"
        more = {"without": without, "scheme": scheme, "ends": ends}
        return self._handshake.request_as_given(host, port, first, headers, more)

    def write(self, data: bytes) -> None:
        """Bytes on the wire as they are, or kept until `uncork`."""
        if self._corked is not None:
            self._corked.append(data)
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def write_frame(self, opcode: int, payload: Any, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> None:
        """One frame on the wire, recorded as sent."""
        payload = expanded(payload)
        data = payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else bytes(payload)
        if opcode == frames.CLOSE:
            self.close_sent = True
        self._observe("wire", "sent", frames.describe(opcode, data, fin, rsv, None if masked else False))
        self.write(frames.serialize(opcode, data, fin=fin, rsv=rsv, masked=masked))
        if opcode == frames.CLOSE:
            self._reads_on()

    def write_texts(self, text: Any, times: int) -> None:
        """The same text message many times in one write, each recorded as sent."""
        data = str(expanded(text)).encode("utf-8", "surrogatepass")
        for _ in range(times):
            self._observe("wire", "sent", frames.describe(frames.TEXT, data, True, 0, None))
        self.write(frames.serialize(frames.TEXT, data, fin=True, rsv=0, masked=True) * times)

    def _flood(self) -> None:
        if not self._flooded:
            self._flooded = True
            self._observe("wire", "flooded", {"frames": self._frames, "bytes": self._bytes})
            if not (self.close_sent or self.half_closed):
                self.stop_reading()

    def _give_up(self) -> None:
        self._problem = "it has no end"
        self._observe("wire", "flooded", {"bytes": self._handshake.size + self._reader.incomplete})
        self.discard()
        self._end()

    def _reads_on(self) -> None:
        """The client has begun to leave: it waits for the end of the connection behind what is still to come."""
        if self._flooded and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def stop_reading(self) -> None:
        """Read nothing of what arrives from now on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def read_again(self) -> None:
        """Read what has arrived since `stop_reading`, and go on, with room for much."""
        if self._transport is not None and not self._transport.is_closing():
            widen(self._transport.get_extra_info("socket"))
            self._transport.resume_reading()

    def cork(self) -> None:
        """Keep what is written from now on."""
        self._corked = []

    def uncork(self) -> None:
        """Write all that was kept in one piece."""
        kept, self._corked = self._corked or [], None
        self.write(b"".join(kept))

    async def drained(self) -> None:
        """Wait until the socket has taken what was written."""
        if not self._writable.is_set():
            seconds = self._deadlines.seconds("write")
            try:
                await asyncio.wait_for(self._writable.wait(), seconds)
            except TimeoutError:
                raise Missed("write", seconds) from None

    # How the client ends it

    def drop(self) -> None:
        """Close the socket without a Close frame."""
        self._observe("wire", "sent.fin", {})
        self.ended = True
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Abort with an RST (SO_LINGER with a time of zero)."""
        self._observe("wire", "sent.rst", {})
        self.ended = True
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def half_close(self) -> None:
        """Send a FIN and go on reading."""
        self._observe("wire", "sent.fin", {"half": True})
        self.half_closed = True
        if self._transport is not None:
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:  # TLS: the FIN of TCP, with no word of TLS before it
                self._transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
            self._reads_on()

    def discard(self) -> None:
        """The script is over: let go of the socket, unobserved."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()

    # What the lane waits for

    async def until(self, condition: Callable[[], Any], wait: str, end_is_enough: bool = False) -> None:
        """Wait until the condition holds; raises `Ended` where the connection ends first, `Missed` at the deadline.

        The deadline counts from the last that the app lane has done, where that came later than the wait began.
        """
        if not condition():
            await self.wait_until(lambda: condition() or (self.ended and not end_is_enough), wait)
            if not condition():
                raise Ended(wait)
