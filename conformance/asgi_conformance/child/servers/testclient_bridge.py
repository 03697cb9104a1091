"""One connection of the suite's client, carried over to one session of TestClient and back.

The frames are RFC 6455's, as far as TestClient has something for them: handshake, whole messages, Close.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import queue
import socket
import struct
import threading
from http import HTTPStatus
from typing import Any, Callable, Iterator, List, Optional, Set, Tuple

from .interface import GRACE

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE = 1, 2, 8
# What TestClient writes itself, whatever it is given.
_OWN = ("connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol")
Header = Tuple[str, str]


class Bridge(threading.Thread):
    """Holds the session open as a test's ``with`` block does, and leaves it when a test would."""

    def __init__(self, connection: socket.socket, client: Any) -> None:
        super().__init__(name="conformance-testclient", daemon=True)
        self._connection = connection
        self._client = client
        self._session: Any = None
        self._buffer = b""
        self._app_closed = False
        self._reader: Optional[threading.Thread] = None
        self._left = threading.Lock()
        # What has ended: the application (done, raised), the client's part (closed), the client's side of TCP (eof).
        self._ends: "queue.Queue[str]" = queue.Queue()

    def run(self) -> None:
        """Serve the connection to its end."""
        with contextlib.suppress(OSError, ValueError), self._connection:
            request = self._request()
            if request is not None:
                self._serve(*request)
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)
            if self._reader is not None:
                # What the client has sent last must not turn the end into a reset.
                self._reader.join(GRACE)

    def leave(self) -> None:
        """Leave the session's block: TestClient tells the application 1000 and cancels it; what it raises is lost."""
        if self._session is not None and self._left.acquire(blocking=False):
            with contextlib.suppress(BaseException):
                self._session.__exit__(None, None, None)

    def _serve(self, target: str, headers: List[Header]) -> None:
        found = {name.lower(): value for name, value in headers}
        offered = [name.strip() for name in found.get("sec-websocket-protocol", "").split(",") if name.strip()]
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        given = type(self._client.headers)([pair for pair in pairs if pair[0].lower().decode() not in _OWN])
        try:
            session = self._client.websocket_connect(target, offered or None, headers=given)
            session.app = _Watched(session.app, lambda: self._ends.put("done"))
            session.__enter__()
        except BaseException as exc:
            self._refuse(exc)
            return
        self._session = session
        self._accept(found.get("sec-websocket-key", ""), session)
        sender = threading.Thread(target=self._send_all, name="conformance-testclient-sender", daemon=True)
        self._reader = threading.Thread(target=self._read_all, name="conformance-testclient-reader", daemon=True)
        sender.start()
        self._reader.start()
        seen: Set[str] = set()
        while not seen & {"eof", "closed", "raised"}:
            seen.add(self._ends.get())
        if "closed" in seen:
            # A server ends TCP now. The test is still in its block: what the application does until it is over counts.
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)
            while "done" not in seen:
                seen.add(self._ends.get())
        self.leave()
        sender.join()

    def _send_all(self) -> None:
        """Pass on what the application sends, until it has closed or is over."""
        with contextlib.suppress(OSError):
            while True:
                try:
                    message = self._session.receive()
                except BaseException:
                    # The application has raised, or the block was left.
                    break
                if message["type"] == "websocket.close":
                    self._app_closed = True
                    reason = (message.get("reason") or "").encode("utf-8", "surrogatepass")
                    self._write(_CLOSE, struct.pack("!H", (message.get("code") or 1000) & 0xFFFF) + reason)
                    return
                if message["type"] != "websocket.send":
                    continue  # a test that reads it meets a KeyError
                text = message.get("text")
                data = (message.get("bytes") or b"") if text is None else text.encode("utf-8", "surrogatepass")
                self._write(_BINARY if text is None else _TEXT, data)
        self._ends.put("raised")

    def _read_all(self) -> None:
        """Do what the client does, by TestClient's own methods."""
        closed = False
        with contextlib.suppress(BaseException):
            for opcode, payload in self._frames():
                if opcode == _CLOSE and not closed:
                    closed = True
                    self._close(payload)
                elif opcode == _TEXT and not closed:
                    self._session.send_text(payload.decode("utf-8"))
                elif opcode == _BINARY and not closed:
                    self._session.send_bytes(payload)
        self._ends.put("eof")

    def _close(self, payload: bytes) -> None:
        if self._app_closed:
            # The test has seen the end, and leaves its block: first of all that tells the application 1000.
            self._session.close(1000)
            self._ends.put("closed")
            return
        self._write(_CLOSE, payload)
        if len(payload) < 2:
            self._session.close()
        elif len(payload) == 2:
            self._session.close(struct.unpack("!H", payload)[0])
        else:
            self._session.close(struct.unpack("!H", payload[:2])[0], payload[2:].decode("utf-8"))
        self._ends.put("closed")

    # The wire

    def _request(self) -> Optional[Tuple[str, List[Header]]]:
        while b"\r\n\r\n" not in self._buffer:
            data = self._connection.recv(65536)
            if not data:
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return first.split(" ")[1], [(name, value.strip(" \t")) for name, _, value in pairs]

    def _accept(self, key: str, session: Any) -> None:
        digest = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest())
        headers = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Accept", digest)]
        if session.accepted_subprotocol is not None:
            headers.append((b"Sec-WebSocket-Protocol", str(session.accepted_subprotocol).encode("latin-1", "replace")))
        self._answer(101, [*headers, *(getattr(session, "extra_headers", None) or ())], b"")

    def _refuse(self, exc: BaseException) -> None:
        """What a test sees as an exception is an answer here: a denial as itself, a close before accept as 403."""
        status, body, headers = 500, b"", []
        if hasattr(exc, "status_code") and hasattr(exc, "content"):
            response: Any = exc
            status, body = response.status_code, response.content
            headers = [pair for pair in response.headers.raw if pair[0].lower() != b"content-length"]
        elif hasattr(exc, "code"):
            status = 403
        self._answer(status, [*headers, (b"Content-Length", str(len(body)).encode()), (b"Connection", b"close")], body)

    def _answer(self, status: int, headers: Any, body: bytes) -> None:
        phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
        lines = ["HTTP/1.1 {} {}".format(status, phrase).encode()]
        lines += [bytes(name) + b": " + bytes(value) for name, value in headers]
        self._connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def _frames(self) -> Iterator[Tuple[int, bytes]]:
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            if length > 125:
                length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
            mask = self._take(4)
            payload = self._take(length)
            key = (mask * (length // 4 + 1))[:length]
            yield first & 0x0F, (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self._connection.recv(1 << 20)
            if not data:
                raise EOFError
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _write(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            head = bytes([0x80 | opcode, length])
        elif length < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 127, length)
        self._connection.sendall(head + payload)


class _Watched:
    """The application of one session, with a word when it is over: TestClient goes on waiting for what it sends."""

    def __init__(self, app: Any, over: Callable[[], None]) -> None:
        self._app = app
        self._over = over

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self._over()
