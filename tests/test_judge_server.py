"""The server's judges on invented traces: what no server at hand does is told as it has to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from made_trace import (
    GONE,
    LOST,
    Entry,
    claimed,
    close,
    data,
    enter,
    frame,
    missed,
    opened,
    receive,
    request,
    response,
    seen,
    send,
)

from asgi_conformance.judge.server import server

CONNECT = receive({"type": "websocket.connect"})
RST: Entry = ("wire", "sent.rst", {})
FIN: Entry = ("wire", "sent.fin", {})
EOF: Entry = ("wire", "received.eof", {})
WAITS = {"waiting": {"outer.receive": "receive"}}
SENDS = {"waiting": {"outer.send": "send"}}
OVER = {"over": True}
PING = frame("ping", data(b""))
IGNORES: Entry = ("client", "step", {"step": 1, "op": "ignore-pings"})


def told(entries: Iterable[Entry | Iterable[Entry]], id: str, version: str = "2.5") -> list[tuple[bool, str]]:
    return claimed(server(seen(*entries), version), id)


def denial(status: int = 404, *headers: tuple[bytes, bytes], raised: dict[str, Any] | None = None) -> list[Entry]:
    pairs = [[data(name), data(value)] for name, value in headers]
    return send({"type": "websocket.http.response.start", "status": status, "headers": pairs}, raised=raised)


def body(raw: Any, more: Any = False, raised: dict[str, Any] | None = None) -> list[Entry]:
    shown = data(raw) if isinstance(raw, bytes) else raw
    return send({"type": "websocket.http.response.body", "body": shown, "more_body": more}, raised=raised)


def accept(**more: Any) -> list[Entry]:
    return send({"type": "websocket.accept", **more})


def configured(name: str = "", limit: int = 0, stops: bool = False) -> Entry:
    return "client", "configuration", {"name": name, "limit": limit, "stops": stops}


CALLED: list[Entry] = [request(), enter(), CONNECT]
# What was seen, the requirement, and what the judge says of it: whether it held, and what was observed.
SAID: dict[str, tuple[list[Entry | Iterable[Entry]], str, list[tuple[bool, str]]]] = {
    "connect-twice": (
        [*opened(), CONNECT],
        "asgi.connect.first", [(True, "websocket.connect"), (False, "a second websocket.connect")],
    ),
    "101-without-an-answer": (
        [*CALLED, response()], "asgi.connect.handshake-waits", [(False, "101 Switching Protocols")],
    ),
    "a-client-that-resets-before-the-accept-is-seen": (
        [*CALLED, accept(), RST], "asgi.accept.completes", [],
    ),
    "an-accept-with-a-subprotocol-that-was-not-offered": (
        [*CALLED, accept(subprotocol="chat"), response(500)],
        "asgi.accept.not-offered", [(True, "HTTP 500, and send() returned")],
    ),
    "an-accept-that-was-not-offered-and-still-waits": (
        [*CALLED, accept(subprotocol="chat")], "asgi.accept.not-offered", [],
    ),
    "an-accept-key-that-is-wrong": (
        [*CALLED, accept(), response(problem="another Sec-WebSocket-Accept")],
        "rfc6455.handshake.accept", [(False, "another Sec-WebSocket-Accept")],
    ),
    "a-problem-of-the-subprotocol": (
        [*CALLED, accept(), response(101, ("sec-websocket-protocol", "chat"), problem="not offered")],
        "rfc6455.handshake.accept", [],
    ),
    "a-subprotocol-that-the-application-did-not-choose": (
        [*CALLED, accept(), response(101, ("sec-websocket-protocol", "chat"), problem="not offered")],
        "asgi.accept.subprotocol", [(False, "subprotocol chat")],
    ),
    "a-header-that-is-text": (
        [*CALLED, accept(headers=[["x-a", "1"]]), response()], "asgi.accept.headers", [],
    ),
    "a-denial-that-is-refused": (
        [*CALLED, denial(404, raised=LOST)],
        "asgi.denial.status", [(False, "send() raised ConnectionResetError: gone")],
    ),
    "a-denial-that-hangs": (
        [*CALLED, denial()[:1], missed("response", **SENDS)],
        "asgi.denial.status", [(False, "send() had not ended by the deadline")],
    ),
    "a-denial-with-a-body-that-is-text": (
        [*CALLED, denial(), body("text"), response(404)], "asgi.denial.status", [],
    ),
    "a-denial-with-another-status": (
        [*CALLED, denial(404), body(b""), response(403)], "asgi.denial.status", [(False, "HTTP 403")],
    ),
    "another-status-says-nothing-of-the-body": (
        [*CALLED, denial(404), body(b"no"), response(403)], "asgi.denial.body", [],
    ),
    "a-denial-with-another-body": (
        [*CALLED, denial(404), body(b"no"), response(404, body=data(b"yes"))],
        "asgi.denial.body", [(False, "body b'yes'")],
    ),
    "a-denial-that-the-client-saw-the-end-of": (
        [*CALLED, denial(404), body(b"no"), response(404, body=data(b"no")), EOF],
        "asgi.denial.closes", [(True, "it ended")],
    ),
    "a-denial-whose-end-nobody-waited-for": (
        [*CALLED, denial(404), body(b"no"), response(404, body=data(b"no"))], "asgi.denial.closes", [],
    ),
    "no-scope-and-no-refusal": (
        [request(sockname=["a", 1]), EOF],
        "asgi.scope.path", [(False, "no answer, and the application was not called")],
    ),
    "no-scope-and-an-error": (
        [request(sockname=["a", 1]), response(500)],
        "asgi.scope.headers-invented", [(True, "HTTP 500, and the application was not called")],
    ),
    "no-scope-and-nothing-else": (
        [request(sockname=["a", 1])], "asgi.scope.path", [],
    ),
    "a-version-that-nobody-answered": (
        [("wire", "request", {"headers": [("host", "h")]})], "rfc6455.handshake.bad-request", [],
    ),
    "the-disconnect-that-never-came": (
        [*opened(), close(4001, "sent"), close(4001), EOF, missed("end", **WAITS)],
        "asgi.disconnect.code", [(False, "no event within the deadline")],
    ),
    "the-disconnect-without-a-code-that-never-came": (
        [*opened(), close(None, "sent"), EOF, missed("end", **WAITS)],
        "asgi.disconnect.default-code", [(False, "no event within the deadline")],
    ),
    "a-code-that-may-be-refused": (
        [*opened(), close(1012, "sent"), EOF, missed("end", **WAITS)], "asgi.disconnect.code", [],
    ),
    "a-disconnect-without-a-code": (
        [*opened(), receive({"type": "websocket.disconnect"})], "asgi.disconnect.shutdown-code", [],
    ),
    "a-disconnect-with-a-code-of-nobodys": (
        [*opened(), receive({"type": "websocket.disconnect", "code": 1012})],
        "asgi.disconnect.shutdown-code", [(True, "code=1012")],
    ),
    "no-reason-since-2.5": (
        [*opened(), close(4001, "sent", "bye"), close(4001), receive({"type": "websocket.disconnect", "code": 4001})],
        "asgi.disconnect.reason", [(False, "no reason")],
    ),
    "closes-that-crossed": (
        [
            *opened(), close(4001, "sent"), close(1000), EOF,
            send({"type": "websocket.close", "code": 1000}), receive({"type": "websocket.disconnect", "code": 4001}),
        ],
        "rfc6455.close.simultaneous", [(True, "it ended")],
    ),
    "closes-that-crossed-and-did-not-end": (
        [
            *opened(), close(4001, "sent"), close(1000), send({"type": "websocket.close", "code": 1000}),
            receive({"type": "websocket.disconnect", "code": 4001}), missed("end", **OVER),
        ],
        "rfc6455.close.simultaneous", [(False, "it stayed open past the deadline")],
    ),
    "closes-that-crossed-and-nobody-waited": (
        [
            *opened(), close(4001, "sent"), close(1000), send({"type": "websocket.close", "code": 1000}),
            receive({"type": "websocket.disconnect", "code": 4001}),
        ],
        "rfc6455.close.simultaneous", [],
    ),
    "the-code-behind-a-close-that-crossed": (
        [
            *opened(), close(4001, "sent"), close(1000), send({"type": "websocket.close", "code": 1000}),
            receive({"type": "websocket.disconnect", "code": 1000}),
        ],
        "asgi.disconnect.after-own-close", [(False, "code=1000, that of its own close")],
    ),
    "an-end-on-a-unix-socket": (
        [("wire", "connect", {"unix": True}), *opened(), close(1000, "sent"), close(1000), EOF, receive(GONE)],
        "rfc6455.close.tcp-clean", [],
    ),
    "an-end-on-tcp": (
        [*opened(), close(1000, "sent"), close(1000), ("wire", "received.reset", {}), receive(GONE)],
        "rfc6455.close.tcp-clean", [(False, "a reset")],
    ),
    "a-close-that-nobody-has-waited-for": (
        [*opened(), send({"type": "websocket.close", "code": 4001})], "asgi.close.code", [],
    ),
    "a-close-that-was-not-sent": (
        [*opened(), send({"type": "websocket.close", "code": 4001}), EOF],
        "asgi.close.code", [(False, "no Close frame")],
    ),
    "a-close-with-a-reason-that-is-no-text": (
        [*opened(), send({"type": "websocket.close", "code": 4001, "reason": data(b"bye")}), close(4001), EOF],
        "asgi.close.illegal-code", [(True, "Close 4001 ''")],
    ),
    "a-message-that-is-text-and-exact": (
        [configured(limit=4), *opened(), frame("text", "\xe9\xe9", "sent")],
        "suite.limits.exact", [(False, "it did not reach the application")],
    ),
    "a-message-that-is-too-long": (
        [configured(limit=4), *opened(), frame("text", "12345", "sent"), close(1009), EOF],
        "rfc6455.codes.too-big", [(True, "Close 1009 ''")],
    ),
    "no-ping": (
        [configured("short-pings"), *opened(), missed("ping", **WAITS)],
        "suite.pings.sent", [(False, "no ping within the deadline")],
    ),
    "no-ping-and-nobody-waited": (
        [configured("short-pings"), *opened()], "suite.pings.sent", [],
    ),
    "a-ping-that-is-answered": (
        [configured("short-pings"), *opened(), PING],
        "suite.pings.answered-stays", [(True, "it stayed open")],
    ),
    "an-application-that-closed-by-itself": (
        [configured("short-pings"), *opened(), PING, send({"type": "websocket.close"}), close(1000), EOF],
        "suite.pings.answered-stays", [],
    ),
    "a-ping-that-is-not-answered": (
        [configured("short-pings"), *opened(), IGNORES, PING],
        "suite.pings.unanswered-ends", [],
    ),
    "a-ping-that-is-not-answered-in-time": (
        [
            configured("short-pings"), *opened(), IGNORES,
            PING, missed("end", **WAITS),
        ],
        "suite.pings.unanswered-ends", [(False, "it stayed open past the deadline")],
    ),
    "two-messages-of-which-none-came": (
        [*opened(), frame("text", "a", "sent"), frame("text", "b", "sent"), missed("exit", **WAITS)],
        "asgi.receive.in-order", [(False, "no event within the deadline")],
    ),
    "parts-of-text-that-came-as-one": (
        [
            *opened(), frame("text", "a", "sent", fin=False), frame("continuation", "b", "sent"),
            receive({"type": "websocket.receive", "text": "ab"}),
        ],
        "asgi.receive.text", [(True, "websocket.receive text='ab'")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_a_server_did_is_told(name: str) -> None:
    entries, id, expected = SAID[name]
    assert told(entries, id) == expected


def test_a_reason_need_not_be_told_before_2_5() -> None:
    gone = receive({"type": "websocket.disconnect", "code": 4001})
    assert told([*opened(), close(4001, "sent", "bye"), close(4001), gone], "asgi.disconnect.reason", "2.4") == [
        (True, "no reason")
    ]


def test_a_client_that_leaves_behind_the_servers_close_did_not_end_it() -> None:
    """Whatever ended first is what ended the connection."""
    ends = [*opened(), close(1000), FIN]
    assert seen(*ends).wire.client_end == ""
    assert seen(*opened(), FIN, EOF).wire.client_end == "fin"


RETURNED: Entry = ("outer", "exit", {"outcome": "returned"})
RESET: Entry = ("wire", "received.reset", {})


def test_tcp_ends_behind_the_handshake_that_a_server_starts_when_the_application_is_over() -> None:
    """What is owed to a client that has answered is not owed to one that is silent."""
    began, late = [*opened(), RETURNED, close(1000)], missed("end", over=True)
    answered = [*began, close(1000, "sent")]
    id = "rfc6455.close.tcp-closed"
    assert told([*answered, late], id) == [(False, "TCP stayed open")]
    assert told([*answered, EOF], id) == [(True, "it ended")]
    assert told([*began, late], id) == []


def test_a_close_that_a_reset_took_with_it_did_not_miss_a_deadline() -> None:
    """The send of it was given up with its handler."""
    began: Entry = ("outer", "send", {"event": {"type": "websocket.close", "code": 4001}})
    assert told([*opened(), began, RESET], "asgi.close.code") == [(False, "no Close frame, and a reset")]
