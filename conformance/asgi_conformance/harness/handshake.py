"""The client's opening handshake: its request, and the answer to it, as the ``websockets`` library has them.

What nearly every connection sends and is answered is written and read here, as the library would and to the same
result: for an exchange of a few frames its objects are most of the work. All else is left to it.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.uri import WebSocketURI
from websockets.utils import accept_key

from ..values import observed

Observe = Callable[[str, str, dict[str, Any]], None]
Pairs = Sequence[tuple[str, str]]

_KEY = "Sec-WebSocket-Key"
_PLAIN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*")
_USUAL = re.compile(rb"HTTP/1\.1 101 [\t -~]*\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+\r\n")
# The library takes more; an answer of that size is not a usual one.
_USUAL_SIZE, _USUAL_HEADERS = 4096, 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes = b""


class Handshake:
    """One opening handshake (RFC 6455, section 4.1). ``problem``: why it cannot be completed, '' where it can."""

    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._uri = WebSocketURI(False, "", 0, "/", "")
        self._subprotocols: list[str] = []
        self._key = ""
        self._protocol: ClientProtocol | None = None
        self._head = bytearray()
        self._fed = 0
        self._answered_twice = False
        self.asked = False
        self.answer: Answer | None = None
        self.problem = ""

    @property
    def size(self) -> int:
        """How many bytes of an answer have arrived."""
        return len(self._head)

    # The request

    def request(
        self, host: str, port: int, path: str, headers: Pairs, subprotocols: Sequence[str], partial: bool = False
    ) -> bytes:
        """The request as bytes; a Host or an Origin among ``headers`` stands in the place of the usual one."""
        self._uri = uri = WebSocketURI(False, host, port, *path.partition("?")[::2])
        self._subprotocols = list(subprotocols)
        self._key, self.asked = base64.b64encode(os.urandom(16)).decode("ascii"), True
        pairs = [(name, self._key if name == _KEY else value) for name, value in _usual(host, port, *subprotocols)]
        for name, value in headers:
            if (lower := name.lower()) in ("host", "origin"):
                pairs = [pair for pair in pairs if pair[0].lower() != lower]
            pairs.append((name, value))
        more = {"partial": True} if partial else {}
        self._observe("wire", "request", {"path": path, "headers": [list(pair) for pair in pairs], **more})
        lines = [f"{name}: {value}" for name, value in pairs]
        if not (uri.resource_name.isascii() and all(map(_PLAIN.fullmatch, lines))):
            return self._by_the_library(pairs)
        return "\r\n".join([f"GET {uri.resource_name} HTTP/1.1", *lines, "", ""]).encode("ascii")

    def _by_the_library(self, pairs: Pairs) -> bytes:
        protocol = self._library()
        request = protocol.connect()
        for name in list(request.headers):
            del request.headers[name]
        for name, value in pairs:
            request.headers[name] = value
        protocol.send_request(request)
        return b"".join(protocol.data_to_send())

    def request_as_given(self, host: str, port: int, first: tuple[str, str, str], headers: Pairs, more: Any) -> bytes:
        """A request whose first line (method, target, version) and headers are the script's, as bytes.

        Of the usual headers those are sent that ``more["without"]`` does not name; the rest of it is observed.
        """
        method, target, http = first
        self._key, self.asked = base64.b64encode(os.urandom(16)).decode("ascii"), True
        usual = [("Host", f"{host}:{port}"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
        usual += [(_KEY, self._key), ("Sec-WebSocket-Version", "13")]
        left_out = {name.lower() for name in more["without"]}
        pairs = [(name, value) for name, value in usual if name.lower() not in left_out] + list(headers)
        self._key = next((value.strip(" \t") for name, value in headers if name.lower() == _KEY.lower()), self._key)
        line = {"path": target, "method": method, "http": http, "scheme": more["scheme"]}
        shown = [list(pair) for pair in pairs]
        self._observe("wire", "request", {**line, "headers": shown, **more["ends"]})
        lines = [f"{method} {target} HTTP/{http}", *(f"{name}: {value}" for name, value in pairs), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    # The answer

    def feed(self, data: bytes) -> bytes:
        """Take what has arrived of an answer; what follows the head of a 101 is frames, and is handed back."""
        self._head += data
        if self.answer is not None:
            self._look_behind(self.answer)
            return b""
        end = self._head.find(b"\r\n\r\n") + 4
        if end <= 3 and not self._fed:
            return b""
        upgraded = self._head.startswith(b"HTTP/1.1 101 ")
        stop = end if upgraded else len(self._head)
        if upgraded and not self._fed and (usual := self._usual_answer(bytes(self._head[:stop]))) is not None:
            self._answered(usual)
        else:
            protocol = self._library()
            protocol.receive_data(bytes(self._head[self._fed : stop]))
            self._fed = stop
            self._read_answer(protocol)
        if self.answer is not None:
            self._look_behind(self.answer)
        return bytes(self._head[stop:]) if upgraded else b""

    def eof(self) -> None:
        """Nothing more will arrive: what there is of an answer is read all the same."""
        if self.asked and self.answer is None:
            protocol = self._library()
            protocol.receive_eof()
            self._read_answer(protocol)
            self._read_cut_answer()

    def _library(self) -> ClientProtocol:
        if self._protocol is None:
            named: Any = self._subprotocols or None
            self._protocol = ClientProtocol(self._uri, subprotocols=named, max_size=None)
            self._protocol.key = self._key
        return self._protocol

    def _usual_answer(self, head: bytes) -> Answer | None:
        """A 101 that completes the handshake and says nothing out of the ordinary (section 4.1), else None."""
        if len(head) > _USUAL_SIZE or not _USUAL.fullmatch(head):
            return None
        lines = head[:-4].decode("ascii").split("\r\n")[1:]
        pairs = [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]
        named = {name.lower(): value for name, value in pairs}
        right = (
            len(named) == len(pairs) <= _USUAL_HEADERS
            and named.get("upgrade", "").lower() == "websocket"
            and named.get("connection", "").lower() == "upgrade"
            and named.get("sec-websocket-accept") == accept_key(self._key)
            and "sec-websocket-extensions" not in named
            and named.get("sec-websocket-protocol") in (None, *self._subprotocols)
        )
        return Answer(101, pairs) if right else None

    def _answered(self, answer: Answer, problem: str = "") -> None:
        self.answer = answer
        headers = [list(pair) for pair in answer.headers]
        body = observed(answer.body) if answer.body else None
        data: dict[str, Any] = {"status": answer.status, "headers": headers, "body": body}
        if problem:
            data["problem"] = self.problem = problem
        self._observe("wire", "response", data)

    def _read_answer(self, protocol: ClientProtocol) -> None:
        failed = protocol.handshake_exc
        for event in (event for event in protocol.events_received() if isinstance(event, Response)):
            pairs = [(name, _latin(value)) for name, value in event.headers.raw_items()]
            wrong = str(failed) if event.status_code == 101 and failed is not None else ""
            self._answered(Answer(event.status_code, pairs, bytes(event.body or b"")), wrong)
        if self.answer is None and failed is not None and not self.problem:
            self.problem = str(failed)

    def _look_behind(self, answer: Answer) -> None:
        """One request has one response: a second one behind an answer that refuses is seen."""
        if answer.status == 101 or self._answered_twice:
            return
        length = next((value for name, value in answer.headers if name.lower() == "content-length"), "")
        behind = bytes(self._head).partition(b"\r\n\r\n")[2][int(length) :] if length.isdecimal() else b""
        if behind.startswith(b"HTTP/") and b"\r\n" in behind:
            self._answered_twice = True
            self._observe("wire", "response.second", {"line": behind.partition(b"\r\n")[0].decode("latin-1")})

    def _read_cut_answer(self) -> None:
        """What there is of a response whose body ended before its length: its head still says something."""
        head, end, body = bytes(self._head).partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        words = status.split(" ", 2)
        if self.answer is not None or not end or len(words) < 2 or not words[1].isdecimal():
            return
        pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        data = {"status": int(words[1]), "headers": [list(pair) for pair in pairs]}
        self._observe("wire", "response", {**data, "body": observed(body) if body else None, "cut": True})
        self.answer = Answer(int(words[1]), pairs, body)


@lru_cache(maxsize=256)
def _usual(host: str, port: int, *subprotocols: str) -> tuple[tuple[str, str], ...]:
    """The library's own headers of a request; the key in them is nobody's."""
    named: Any = list(subprotocols) or None
    request = ClientProtocol(WebSocketURI(False, host, port, "/", ""), subprotocols=named).connect()
    return tuple(request.headers.raw_items())


def _latin(value: str) -> str:
    """A header's value as Latin-1, which the library's older releases left undecoded."""
    return value.encode("latin-1", "surrogateescape").decode("latin-1")
