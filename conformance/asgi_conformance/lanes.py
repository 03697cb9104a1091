"""The two lanes of a script: what a client and an application can do, each step put on one tape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .model import Step
from .values import Repeated


class Tape:
    """The steps of a script in their order; ``group``: the first of those that are open in their order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.group: int | None = None

    def record(self, lane: str, op: str, **args: Any) -> None:
        self.steps.append(Step(len(self.steps), lane, op, args, self.group))


class Client:
    """The client lane: what travels on the wire from the client's side, polite and rude."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def _do(self, op: str, **args: Any) -> None:
        self._tape.record("client", op, **args)

    def opens(self, subprotocols: Sequence[str] = (), headers: Sequence[tuple[str, str]] = ()) -> None:
        """Connect and send the handshake request (RFC 6455 section 4.1)."""
        self._do("open", subprotocols=list(subprotocols), headers=[list(h) for h in headers])

    def opens_narrowly(self) -> None:
        """As `opens`, over a connection that holds next to nothing of what this client does not read."""
        self._do("open", subprotocols=[], headers=[], narrow=True)

    def opens_with(self, early: bytes) -> None:
        """Connect, and send the handshake request and these bytes in one piece, before any answer can come."""
        self._do("open-early", early=early)

    def opens_partly(self) -> None:
        """Connect and send the first half of the handshake request only."""
        self._do("open-partly")

    def asks(
        self,
        target: str = "",
        *,
        method: str = "GET",
        http: str = "1.1",
        without: Sequence[str] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Send a request just as given, legal or not: ``headers`` follow the usual ones, and texts are Latin-1."""
        pairs = [list(h) for h in headers]
        self._do("ask", target=target, method=method, http=http, without=list(without), headers=pairs)

    def is_answered(self) -> None:
        """The handshake is answered, with whatever status, or the connection ends."""
        self._do("answered")

    def opens_again(self) -> None:
        """Leave the first connection, connect once more and send an ordinary handshake request."""
        self._do("open-again")

    def is_accepted(self, subprotocol: str | None = None, headers: Sequence[tuple[str, str]] = ()) -> None:
        """The handshake is answered with 101."""
        self._do("accepted", expect={"subprotocol": subprotocol, "headers": [list(h) for h in headers]})

    def is_refused(self, status: int | None = None, **expect: Any) -> None:
        """The handshake is answered with an ordinary HTTP response, read to its end."""
        self._do("refused", expect={"status": status, **expect})

    def sends_text(self, text: str | Repeated) -> None:
        """One unfragmented text message."""
        self._do("send", opcode=1, payload=text)

    def sends_bytes(self, data: bytes | Repeated) -> None:
        """One unfragmented binary message."""
        self._do("send", opcode=2, payload=data)

    def sends_at_once(self, text: str | Repeated, times: int) -> None:
        """The same text message many times, in one piece, without waiting for the network to take it."""
        self._do("send-at-once", payload=text, times=times)

    def sends_fragments(self, parts: Sequence[str | bytes], pings_between: bool = False) -> None:
        """One message in several frames, with a ping after each but the last if asked (RFC 6455 section 5.4)."""
        for index, part in enumerate(parts):
            opcode = (1 if isinstance(part, str) else 2) if index == 0 else 0
            self._do("send", opcode=opcode, payload=part, fin=index == len(parts) - 1)
            if pings_between and index < len(parts) - 1:
                self._do("send", opcode=9, payload=b"between")

    def sends_frame(
        self, opcode: int, payload: Any = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
    ) -> None:
        """One frame exactly as given, legal or not."""
        self._do("send", opcode=opcode, payload=payload, fin=fin, rsv=rsv, masked=masked)

    def sends_raw(self, data: bytes) -> None:
        """Bytes on the wire, for example part of a frame."""
        self._do("raw", data=data)

    def pings(self, payload: bytes = b"") -> None:
        """A ping frame."""
        self._do("send", opcode=9, payload=payload)

    def is_ponged(self, payload: bytes = b"") -> None:
        """A pong with this payload arrives."""
        self._do("pong", payload=payload)

    def closes(self, code: int | None = None, reason: str | bytes | Repeated | None = None) -> None:
        """A Close frame with this code and reason, legal or not; without a code its body is empty (section 5.5.1)."""
        self._do("close", code=code, reason=reason)

    def closes_with(self, payload: bytes) -> None:
        """A Close frame with exactly this body."""
        self._do("close", payload=payload)

    def receives_text(self, text: str | Repeated | None = None) -> None:
        """A text message arrives."""
        self._do("receive", expect={"text": text})

    def receives_bytes(self, data: bytes | Repeated | None = None) -> None:
        """A binary message arrives."""
        self._do("receive", expect={"bytes": data})

    def sends_json(self, value: Any) -> None:
        """One text message that holds this value as JSON."""
        self.sends_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False))

    def receives_json(self, value: Any) -> None:
        """A text message arrives that holds this value as JSON; objects may hold further members."""
        self._do("receive", expect={"json": value})

    def is_closed(self, code: int | None = None, reason: str | None = None) -> None:
        """The server's Close frame arrives."""
        self._do("closed", expect={"code": code, "reason": reason})

    def sees_the_end_begin(self) -> None:
        """The server's Close frame arrives, or the connection ends without one."""
        self._do("end-begun")

    def is_ended(self) -> None:
        """The TCP connection ends from the server's side."""
        self._do("ended")

    def drops(self) -> None:
        """Close the socket without a Close frame: a FIN in both directions."""
        self._do("drop")

    def resets(self) -> None:
        """Abort the TCP connection with an RST."""
        self._do("reset")

    def half_closes(self) -> None:
        """Send a FIN and go on reading."""
        self._do("half-close")

    def is_settled(self, messages: int) -> None:
        """In a route case: the handler has taken so many messages and waits for the next (if it ever waits)."""
        self._do("settled", messages=messages)

    def falls_silent(self) -> None:
        """From here on answer no Close and no ping."""
        self._do("silence")

    def keeps_tcp_open(self) -> None:
        """When the server ends TCP, leave this side of it open."""
        self._do("keep-open")

    def ignores_pings(self) -> None:
        """From here on answer no ping."""
        self._do("ignore-pings")

    def is_pinged(self, times: int) -> None:
        """So many pings of the server's have arrived since the handshake."""
        self._do("pinged", times=times)

    def stops_the_server(self) -> None:
        """The server is told to shut down, once every connection that shares it has come so far."""
        self._do("stop-server")

    def stops_reading(self) -> None:
        """From here on read nothing of what arrives."""
        self._do("stop-reading")

    def reads_again(self) -> None:
        """Read on after `stops_reading`."""
        self._do("read-again")

    def sees_the_handler_end(self) -> None:
        """The target's callable has ended for this connection."""
        self._do("over")

    @contextmanager
    def in_one_piece(self) -> Iterator[None]:
        """What is sent inside leaves in one write: the server finds all of it at once."""
        self._do("cork")
        yield
        self._do("uncork")

    def holds_the_next_send(self) -> None:
        """In a route case: the next message of the handler stays in its send, as on a slow network."""
        self._do("hold")

    def is_being_sent_to(self) -> None:
        """In a route case: the handler has begun to send a message (if it ever does)."""
        self._do("held")

    def is_known_to_have_left(self) -> None:
        """In a route case: the end of TCP proves that the server knows that this client is leaving."""
        self._do("gone")

    def lets_the_send_go(self) -> None:
        """In a route case: what `holds_the_next_send` held goes on to the server."""
        self._do("let-go")


class App:
    """The app lane: what the handler does through the framework's public API."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def calls(self, op: str, *, raises: Any = None, expect: Any = None, **args: Any) -> None:
        """Any operation by name. ``raises`` names what it must (or, if True, may) raise; the lane goes on after it."""
        self._tape.record("app", op, args=args, raises=raises, expect=expect)

    def accepts(self, subprotocol: str | None = None, headers: Sequence[tuple[str, str]] | None = None) -> None:
        """accept()"""
        args: dict[str, Any] = {}
        if subprotocol is not None:
            args["subprotocol"] = subprotocol
        if headers is not None:
            args["headers"] = [[n.encode("latin-1"), v.encode("latin-1")] for n, v in headers]
        self.calls("accept", **args)

    def receives_text(self, text: Any = None) -> None:
        """receive_text() returns this text."""
        self.calls("receive_text", expect={"value": text})

    def receives_bytes(self, data: Any = None) -> None:
        """receive_bytes() returns these bytes."""
        self.calls("receive_bytes", expect={"value": data})

    def receives_json(self, value: Any, mode: str = "text") -> None:
        """receive_json() returns this value."""
        self.calls("receive_json", mode=mode, expect={"value": value})

    def iterates(self, kind: str, items: Sequence[Any], limit: int = 0) -> None:
        """iter_text(), iter_bytes() or iter_json() yields these and ends without raising."""
        self.calls("iterate", kind=kind, limit=limit, expect={"value": list(items)})

    def is_disconnected(self, code: int | None = None, reason: str | None = None, by: str = "receive_text") -> None:
        """The receiving operation raises WebSocketDisconnect with this code and reason."""
        args = {"mode": "text"} if by == "receive_json" else {}
        self.calls(by, raises="WebSocketDisconnect", expect={"code": code, "reason": reason}, **args)

    def sends_text(self, text: Any) -> None:
        """send_text()"""
        self.calls("send_text", data=text)

    def sends_bytes(self, data: Any) -> None:
        """send_bytes()"""
        self.calls("send_bytes", data=data)

    def sends_json(self, value: Any, mode: str = "text") -> None:
        """send_json()"""
        self.calls("send_json", data=value, mode=mode)

    def closes(self, code: int | None = None, reason: str | None = None, *, may_raise: bool = False) -> None:
        """close(); with no code, the framework's default."""
        args: dict[str, Any] = {} if code is None else {"code": code}
        if reason is not None:
            args["reason"] = reason
        self.calls("close", raises=may_raise or None, **args)

    def denies(self, status: int, headers: Sequence[tuple[str, str]] = (), chunks: Sequence[bytes] = (b"",)) -> None:
        """send_denial_response() with this status, these headers and this body, in as many parts."""
        pairs = [[n.encode("latin-1"), v.encode("latin-1")] for n, v in headers]
        self.calls("deny", status=status, headers=pairs, chunks=list(chunks))

    def sends_until_it_raises(self, text: str = "x", times: int = 200) -> None:
        """send_text() again and again until it raises, at most so many times."""
        self.calls("send_text", raises=True, data=text, until_raises=times)

    def returns(self) -> None:
        """The handler returns."""
        self.calls("return")

    def raises(self) -> None:
        """The handler raises an exception of its own."""
        self.calls("raise", raises=True)

    def is_cancelled(self) -> None:
        """The handler's task is cancelled."""
        self.calls("cancel", raises=True)

    def starts(self, op: str, **args: Any) -> None:
        """An operation in a second task of the handler; the step is complete once that task has ended or waits."""
        self.calls(op, raises=True, beside=True, **args)

    def joins(self) -> None:
        """All that `starts` began has ended."""
        self.calls("join")

    def abandons(self) -> None:
        """All that `starts` began is cancelled, and has ended: as by ``asyncio.wait_for()`` whose time is over."""
        self.calls("abandon")

    @contextmanager
    def together(self) -> Iterator[None]:
        """The steps inside are open in their order between the lanes."""
        before, self._tape.group = self._tape.group, len(self._tape.steps)
        try:
            yield
        finally:
            self._tape.group = before
