"""A connected socket under the loop's readers, for a protocol: asyncio's own transport, without what it costs to make.

A run of the suite makes thousands of connections of a few frames each; here making one is one call.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

READ_SIZE = 65536
# Bytes not yet taken by the socket at which a protocol is told to wait, and at which it is told to go on.
HIGH, LOW = 65536, 16384
_NOBODY = asyncio.Protocol()


class SocketTransport(asyncio.Transport):
    """Reads and writes a connected, non-blocking stream socket for ``protocol``, which is told at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop, self._socket, self._protocol, self._fd = loop, sock, protocol, sock.fileno()
        self._unsent = bytearray()
        self._closing = self._lost = self._ended = self._reading = self._held = False
        protocol.connection_made(self)
        self.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The ``socket``, and the addresses of its ends: ``sockname``, ``peername``."""
        if name == "socket":
            return self._socket
        ends = {"sockname": self._socket.getsockname, "peername": self._socket.getpeername}
        try:
            return ends[name]() if name in ends else default
        except OSError:
            return default

    def is_closing(self) -> bool:
        """Whether `close` or `abort` was called, or the connection is lost."""
        return self._closing

    # Reading

    def is_reading(self) -> bool:
        """Whether what arrives is read."""
        return self._reading

    def pause_reading(self) -> None:
        """Leave what arrives in the socket."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Read what arrives."""
        if not self._reading and not self._closing:
            self._reading = True
            self._loop.add_reader(self._fd, self._read)

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as exc:
            self._lose(exc)
            return
        if data:
            self._protocol.data_received(data)
        elif self._protocol.eof_received():
            self.pause_reading()
        else:
            self.close()

    # Writing

    def can_write_eof(self) -> bool:
        """One direction of a stream socket can be ended alone."""
        return True

    def get_write_buffer_size(self) -> int:
        """How many bytes the socket has not taken yet."""
        return len(self._unsent)

    def write(self, data: Any) -> None:
        """Send, at once as far as the socket takes it."""
        if self._lost or not data:
            return
        if not self._unsent:
            try:
                sent = self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as exc:
                self._lose(exc)
                return
            data = data[sent:]
            if not data:
                return
            self._loop.add_writer(self._fd, self._write_on)
        self._unsent += data
        if len(self._unsent) > HIGH and not self._held:
            self._held = True
            self._protocol.pause_writing()

    def _write_on(self) -> None:
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as exc:
            self._lose(exc)
            return
        if self._held and len(self._unsent) <= LOW:
            self._held = False
            self._protocol.resume_writing()
        if not self._unsent:
            self._loop.remove_writer(self._fd)
            if self._closing:
                self._end(None)
            elif self._ended:
                self._socket.shutdown(socket.SHUT_WR)

    def write_eof(self) -> None:
        """End the sending direction behind what has been written."""
        if not self._closing and not self._ended:
            self._ended = True
            if not self._unsent:
                self._socket.shutdown(socket.SHUT_WR)

    # The end

    def close(self) -> None:
        """Read no more, send what is left, and close the socket."""
        if not self._closing:
            self.pause_reading()
            self._closing = True
            if not self._unsent:
                self._lost = True
                self._loop.call_soon(self._end, None)

    def abort(self) -> None:
        """Close the socket now; what is left is not sent."""
        self._lose(None)

    def _lose(self, exc: OSError | None) -> None:
        if self._lost:
            return
        if self._unsent:
            self._unsent.clear()
            self._loop.remove_writer(self._fd)
        self.pause_reading()
        self._closing = self._lost = True
        self._loop.call_soon(self._end, exc)

    def _end(self, exc: OSError | None) -> None:
        self._lost = True
        try:
            self._protocol.connection_lost(exc)
        finally:
            self._socket.close()
            # The two name each other: what is not let go of here only a search for garbage would find.
            self._protocol = _NOBODY
