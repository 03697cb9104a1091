"""The server's own part of the grammar: frames in both directions, the handshake, the ends of TCP, the scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .mutant import Mutant

_CLIENT_CLOSE = ("close.client.answered", "close.client.code", "close.client.illegal")
_ANSWERED = (*_CLIENT_CLOSE, "close.both", "frames.*", "endings.*")
_OWN_CLOSE = ("close.app.*", "lost.handler.*", "endings.*")
_PINGS = ("messages.client.ping", "messages.client.interleaved")
_MESSAGES = ("messages.app.*", "messages.echo", "close.app.after-messages", "close.both")
_CLOSE_BODY = ("rfc6455.close.body", "rfc6455.control.length", "rfc6455.codes.reserved-not-sent", "rfc6455.codes.range")

# (frame, when) → operators, with the requirements and the cases.
OUTGOING: Mapping[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    ("close", "answering"): (("drop",), ("rfc6455.close.echo", "rfc6455.close.handshake"), _ANSWERED),
    ("close", "own"): (("drop",), ("rfc6455.close.started", "asgi.close.code"), (*_OWN_CLOSE, "frames.*")),
    ("close", ""): (
        ("reserved", "out-of-range", "half", "overlong", "no-text", "fragment", "masked", "followed"),
        (*_CLOSE_BODY, "rfc6455.control.unfragmented", "rfc6455.frames.server-unmasked", "rfc6455.close.no-data-after"),
        (*_ANSWERED, *_OWN_CLOSE, "messages.client.in-order", "messages.app.in-order"),
    ),
    ("pong", ""): (
        ("drop", "changed", "emptied", "fragment", "masked"),
        ("rfc6455.ping.pong", "rfc6455.control.unfragmented", "rfc6455.frames.server-unmasked"),
        _PINGS,
    ),
    ("text", ""): (
        ("drop", "duplicate", "masked", "other-kind"),
        ("asgi.send.text", "asgi.send.in-order", "rfc6455.frames.server-unmasked"),
        _MESSAGES,
    ),
    ("binary", ""): (
        ("drop", "duplicate", "masked", "other-kind"),
        ("asgi.send.bytes", "asgi.send.in-order", "rfc6455.frames.server-unmasked"),
        _MESSAGES,
    ),
}
_IN = ("messages.client.*", "close.client.after-messages", "frames.after-failure")
_FRAGMENTS = ("messages.client.fragmented", "messages.client.split-character", "messages.client.interleaved")
INCOMING: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "text": (("drop", "duplicate", "split"), ("asgi.receive.text", "rfc6455.fragments.reassembled"), _IN),
    "binary": (("drop", "duplicate", "split"), ("asgi.receive.bytes", "rfc6455.fragments.reassembled"), _IN),
    "continuation": (("drop", "duplicate", "split"), ("rfc6455.fragments.reassembled",), _FRAGMENTS),
    "close": (("drop",), ("rfc6455.close.echo", "asgi.disconnect.sent"), (*_ANSWERED, "close.client.*")),
    "ping": (("drop", "duplicate", "event"), ("rfc6455.ping.pong", "asgi.ping.handled"), _PINGS),
    "pong": (("event", "message", "ends"), ("asgi.ping.handled", "asgi.receive.text"), ("messages.client.pong",)),
}
_FAILED = (
    "rfc6455.fail.ends",
    "rfc6455.fail.close-frame",
    "rfc6455.fail.no-further-data",
    "asgi.disconnect.sent",
)
_ILLEGAL = ("close.client.illegal", "close.client.malformed")
FAILURES = ("silent-to-the-application", "no-close-frame", "stays-open", "wrong-code", "goes-on")
_ENDED = ("close.*", "frames.*", "lost.handler.*", "endings.*")
_OVER = ("lost.handler.*", "handshake.unanswered", "endings.handler.*")
ENDINGS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "stays-open": (("rfc6455.close.tcp-closed", "rfc6455.fail.ends"), _ENDED),
    "reset": (("rfc6455.close.tcp-clean",), ("close.client.answered", "close.client.empty")),
    "not-told": (("asgi.disconnect.sent",), ("lost.*", "handshake.left", "iteration.lost", "endings.*")),
    "application-over": (("asgi.application.ends-connection",), _OVER),
}
RESPONSES: Mapping[str, tuple[str, ...]] = {
    "wrong-key": ("rfc6455.handshake.accept",),
    "no-key": ("rfc6455.handshake.accept",),
    "extension": ("rfc6455.handshake.extensions",),
    "subprotocol": ("rfc6455.handshake.no-subprotocol", "asgi.accept.subprotocol"),
    "early": ("asgi.connect.handshake-waits",),
    "lenient": ("rfc6455.handshake.bad-request",),
    "strict": ("rfc6455.handshake.accept",),
    "dies": ("rfc6455.handshake.bad-request",),
}

_CLOSED = ("asgi.disconnect.sent", "asgi.disconnect.code-type", "rfc6455.close.handshake")
# What the server was configured for → operators, with the requirements and the cases.
CONFIGURED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "limit": (
        ("none", "decreased", "increased", "each-fragment", "cut", "wrong-code", "not-told", "stays-open"),
        ("suite.limits.exact", "suite.limits.kept", "rfc6455.codes.too-big", "rfc6455.fail.ends", *_CLOSED),
        ("limits.*",),
    ),
    "pings": (
        ("drop", "deaf", "patient", "event", "message", "no-close-frame", "not-told", "code-as-text", "stays-open"),
        (
            "suite.pings.sent",
            "suite.pings.answered-stays",
            "suite.pings.unanswered-ends",
            "asgi.ping.handled",
            "asgi.receive.in-order",
            *_CLOSED,
        ),
        ("pings.*",),
    ),
    "shutdown": (
        ("cancel", "not-told", "silent", "wrong-code", "no-close-frame", "code-as-text"),
        ("suite.shutdown.code", *_CLOSED),
        ("shutdown.*",),
    ),
}


# Field of the scope → operators, with the value where the operator is ``given``.
SCOPE: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "type": (("given:http", "http"), ("removed", None)),
    "asgi": (
        ("removed", None),
        ("given:number", {"version": 3, "spec_version": "2.4"}),
        ("given:float", {"version": "3.0", "spec_version": 2.4}),
        ("given:text", "3.0"),
    ),
    "http-version": (("given:1.0", "1.0"), ("given:2", "2"), ("number", None), ("emptied", None)),
    "scheme": (("given:http", "http"), ("given:wss", "wss"), ("emptied", None), ("number", None)),
    "path": (("changed", None), ("emptied", None), ("removed", None), ("bytes", None), ("none", None)),
    "raw-path": (("changed", None), ("emptied", None), ("text", None)),
    "query-string": (("changed", None), ("emptied", None), ("removed", None), ("text", None)),
    "root-path": (("changed", None), ("given:mount", "/mount"), ("number", None)),
    "headers": (
        ("increased", None),
        ("changed", None),
        ("emptied", None),
        ("reversed", None),
        ("lowered", None),
        ("single", None),
        ("text", None),
        ("removed", None),
    ),
    "client": (
        ("given:port-text", ["127.0.0.1", "80"]),
        ("given:other-host", ["192.0.2.1", 80]),
        ("given:text", "127.0.0.1:80"),
        ("given:no-port", ["127.0.0.1"]),
    ),
    "server": (
        ("given:port-text", ["127.0.0.1", "80"]),
        ("given:other-host", ["192.0.2.1", 80]),
        ("given:text", "127.0.0.1:80"),
        ("given:no-port", ["127.0.0.1"]),
    ),
    "subprotocols": (
        ("emptied", None),
        ("reversed", None),
        ("removed", None),
        ("given:joined", ["chat, superchat"]),
        ("given:text", "chat"),
    ),
    "state": (("given:list", []), ("emptied", None)),
    "extensions": (("given:list", ["websocket.http.response"]), ("given:true", {"websocket.http.response": True})),
}


def of_the_server() -> Iterator[Mutant]:
    """The mutants of the server beside those of its events."""
    for (frame, when), (operators, forbids, cases) in OUTGOING.items():
        for operator in operators:
            yield Mutant("server", "outgoing", f"sends.{frame}", operator, "", when, forbids, cases)
    close = ("close.app.illegal", "close.app.client-only")
    yield Mutant("server", "unchecked", "sends.close", "unchecked", "", "", _CLOSE_BODY, close, ("100", "124b"))
    for frame, (operators, forbids, cases) in INCOMING.items():
        for operator in operators:
            yield Mutant("server", "incoming", f"takes.{frame}", operator, "", "", forbids, cases)
    for operator in FAILURES:
        yield Mutant("server", "failure", "failing", operator, forbids=_FAILED, cases=("frames.*", *_ILLEGAL))
    for operator, (ids, cases) in ENDINGS.items():
        yield Mutant("server", "ending", "tcp", operator, forbids=ids, cases=cases)
    opened = ("handshake.*", "messages.echo", "endings.handler.unanswered")
    for operator, ids in RESPONSES.items():
        yield Mutant("server", "response", "response", operator, forbids=ids, cases=opened)
    for subject, (operators, forbids, cases) in CONFIGURED.items():
        for operator in operators:
            yield Mutant("server", subject, "configured." + subject, operator, forbids=forbids, cases=cases)
    request = ("rfc6455.handshake.bad-request",)
    yield Mutant("server", "unfinished", "request", "completed", forbids=request, cases=("handshake.left.partly",))
    for key, operators_ in SCOPE.items():
        for name, value in operators_:
            operator, _, _ = name.partition(":")
            more = {"operator": operator, "field": key.replace("-", "_")}
            more |= {} if value is None else {"given": value}
            ids = (f"asgi.scope.{'asgi-versions' if key == 'asgi' else key}",)
            cases, rows = ("scope.*", "handshake.offered"), ("two", "duplicates", "plain", "next-line")
            yield Mutant("server", "scope", "scope", name, key, "", ids, cases, rows, more)
