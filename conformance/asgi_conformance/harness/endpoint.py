"""Where a server listens, on loopback or on a Unix socket, plain or with TLS: made here, for the child and the lane."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .transport import SocketTransport

LOOPBACK = "127.0.0.1"
# The name of a server that has no address: what a client behind a Unix socket asks for.
NAME = "localhost"
HTTP_PORT = 80
BACKLOG = 1024
# A receive buffer and a segment size at which the buffers of both ends hold some hundred kilobytes, not megabytes.
NARROW_BUFFER, NARROW_SEGMENT = 4096, 1200
WIDE_BUFFER = 1 << 20
# Seconds in which the other end may answer the end of TLS before TCP ends without it.
GOODBYE = 0.5


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the client connects to. ``unix`` is the path of a Unix socket; ``tls`` trusts the server's certificate."""

    port: int
    host: str = LOOPBACK
    unix: str = ""
    tls: ssl.SSLContext | None = None

    @property
    def family(self) -> socket.AddressFamily:
        """The address family of its sockets."""
        return socket.AF_UNIX if self.unix else socket.AF_INET

    @property
    def address(self) -> tuple[str, int] | str:
        """What a socket of its family connects to."""
        return self.unix or (self.host, self.port)

    async def connect(self, protocol: Callable[[], asyncio.Protocol], seconds: float, narrow: bool = False) -> None:
        """Connect, and shake hands where there is TLS.

        Raises `OSError` (a certificate that is not trusted too), and `TimeoutError` where it takes longer than that.
        """
        loop = asyncio.get_running_loop()
        sock = self._socket(narrow)
        try:
            # On loopback the second call mostly says that it is done: that saves a turn of the loop, and a timer.
            pending = sock.connect_ex(self.address) and sock.connect_ex(self.address) not in (0, errno.EISCONN)
            if pending or self.tls is not None:
                async with asyncio.timeout(seconds):
                    if pending:
                        await loop.sock_connect(sock, self.address)
                    if self.tls is not None:
                        more: dict[str, Any] = {"server_hostname": self.host, "ssl_shutdown_timeout": GOODBYE}
                        await loop.create_connection(protocol, sock=sock, ssl=self.tls, **more)
                        return
        except BaseException:
            sock.close()
            raise
        SocketTransport(loop, sock, protocol())

    def _socket(self, narrow: bool) -> socket.socket:
        """A socket that never blocks; the sizes of a narrow one are chosen here: after the connect they are settled."""
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        if narrow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BUFFER)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, NARROW_SEGMENT)
        return sock


class Remote(Endpoint):
    """An endpoint that already runs somewhere, by its name or its address."""

    __slots__ = ()

    async def connect(self, protocol: Callable[[], asyncio.Protocol], seconds: float, narrow: bool = False) -> None:
        """Connect to the first of its addresses that answers. Raises `OSError`, and `TimeoutError`."""
        more: dict[str, Any] = {}
        if self.tls is not None:
            more = {"ssl": self.tls, "server_hostname": self.host, "ssl_shutdown_timeout": GOODBYE}
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().create_connection(protocol, self.host, self.port, **more)


def widen(sock: Any) -> None:
    """Room in a connection for much of what arrives: through a narrow one it comes late enough to accuse a server."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WIDE_BUFFER)


def as_asgi(address: Any) -> list[Any]:
    """One end of a connection as ASGI writes it: host and port, or the path of a Unix socket and None."""
    return list(address[:2]) if isinstance(address, tuple) else [str(address or ""), None]


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how the client connects."""

    endpoint: Endpoint
    path: str
    authority: str = ""
    headers: Sequence[tuple[str, str]] = ()
    subprotocols: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


class Listener:
    """A listening socket for one child, and the files that belong to it; they are removed with `remove`.

    Raises `OSError` where it cannot be bound: the path of a Unix socket has about a hundred bytes at most.
    """

    def __init__(self, unix: bool = False, tls: bool = False) -> None:
        self._folder = tempfile.mkdtemp(prefix="asgi-conformance-") if unix or tls else ""
        self.socket = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
        # The files of the server's certificate and its key, for the child.
        self.certificate: dict[str, str] = {}
        try:
            context = self._certified() if tls else None
            if unix:
                path = str(Path(self._folder, "s"))
                self.socket.bind(path)
                self.endpoint = Endpoint(HTTP_PORT, NAME, path, context)
            else:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self.socket.bind((LOOPBACK, 0))
                self.endpoint = Endpoint(self.socket.getsockname()[1], tls=context)
            self.socket.listen(BACKLOG)
        except BaseException:
            self.socket.close()
            self.remove()
            raise

    def _certified(self) -> ssl.SSLContext:
        """A certificate of an authority that is made for it, and a client's context that trusts only that."""
        import trustme

        authority = trustme.CA()
        issued = authority.issue_cert(NAME, LOOPBACK)
        for name, blob in (("certificate", issued.private_key_and_cert_chain_pem), ("key", issued.private_key_pem)):
            self.certificate[name] = str(Path(self._folder, name + ".pem"))
            blob.write_to_path(self.certificate[name])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(context)
        return context

    def remove(self) -> None:
        """Remove the files; safe to call twice."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
