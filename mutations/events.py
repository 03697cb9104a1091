"""The events of a WebSocket connection and what can be done to each of their fields, as data.

For every layer, what an event or a field stands for: the requirements that bind that layer. A mutant whose subject has
no requirement that a breach could fail is not made (`grammar`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event, with what may be done to it.

    ``operators`` are those of `tamper.VALUES`. ``server`` and ``framework`` are requirement ids. ``occasions`` are
    occasions (`tamper.OCCASIONS`) on which alone the first operator is tried as well.
    """

    operators: tuple[str, ...]
    server: tuple[str, ...]
    framework: tuple[str, ...]
    occasions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event in one direction. ``ends``: no event of its direction is ever due behind it."""

    type: str
    inward: bool
    cases: tuple[str, ...]
    server: tuple[str, ...]
    framework: tuple[str, ...]
    fields: Mapping[str, Field] = field(default_factory=dict)
    ends: bool = False
    occasions: tuple[str, ...] = ()
    becomes: str = ""


MESSAGE_CASES = (
    "messages.*",
    "iteration.*",
    "close.client.after-messages",
    "lost.after-message",
    "frames.after-failure",
    "middleware.*",
    "states.transitions",
)
SEND_CASES = (
    "messages.*",
    "close.app.after-messages",
    "close.client.while-app-sends",
    "lost.send.*",
    "middleware.*",
    "states.transitions",
)
LEAVE_CASES = (
    "close.client.*",
    "close.app.answered*",
    "close.both",
    "lost.*",
    "handshake.left",
    "iteration.*",
    "frames.*",
    "middleware.*",
    "states.transitions",
    "messages.*.in-order",
    "endings.*",
)
CLOSE_CASES = ("close.app.*", "endings.*", "close.both", "handshake.refused*", "middleware.*", "states.transitions")
OPEN_CASES = (
    "handshake.*",
    "middleware.*",
    "states.transitions",
    "messages.echo",
    "messages.client.raw",
    "close.client.empty",
)
DENIAL_CASES = ("handshake.denied*", "states.transitions", "illegal.operation")

_TEXT_IN = ("asgi.receive.text", "asgi.receive.one-of", "asgi.receive.in-order")
_BYTES_IN = ("asgi.receive.bytes", "asgi.receive.one-of", "asgi.receive.in-order")

EVENTS: Mapping[str, Event] = {
    "connect": Event(
        "websocket.connect",
        True,
        OPEN_CASES,
        ("asgi.connect.first",),
        ("starlette.state.connect-received", "starlette.receive.raw"),
        becomes="disconnect",
    ),
    "receive.text": Event(
        "websocket.receive",
        True,
        MESSAGE_CASES,
        _TEXT_IN,
        ("starlette.receive.text",),
        {
            "text": Field(
                ("changed", "emptied", "none", "removed", "moved", "doubled", "number"),
                _TEXT_IN,
                ("starlette.receive.text",),
                ("second", "empty", "nonascii", "long"),
            )
        },
        occasions=("second", "empty"),
        becomes="disconnect",
    ),
    "receive.bytes": Event(
        "websocket.receive",
        True,
        MESSAGE_CASES,
        _BYTES_IN,
        ("starlette.receive.bytes",),
        {
            "bytes": Field(
                ("changed", "emptied", "none", "removed", "moved", "doubled", "number"),
                _BYTES_IN,
                ("starlette.receive.bytes",),
                ("second", "empty", "long"),
            )
        },
        occasions=("second", "empty"),
        becomes="disconnect",
    ),
    "disconnect": Event(
        "websocket.disconnect",
        True,
        LEAVE_CASES,
        ("asgi.disconnect.sent",),
        ("starlette.disconnect.raised", "starlette.iter.ends"),
        {
            "code": Field(
                ("constant", "increased", "none", "removed", "text"),
                ("asgi.disconnect.code", "asgi.disconnect.code-type"),
                ("starlette.disconnect.code",),
                ("normal", "going-away", "private", "library", "absent", "lost"),
            ),
            "reason": Field(
                ("changed", "emptied", "none", "removed", "bytes"),
                ("asgi.disconnect.reason",),
                ("starlette.disconnect.reason",),
                ("nonascii", "long"),
            ),
        },
        ends=True,
        occasions=("normal", "private", "absent", "lost"),
        becomes="receive.text",
    ),
    "accept": Event(
        "websocket.accept",
        False,
        OPEN_CASES,
        ("asgi.accept.completes",),
        ("starlette.state.accept",),
        {
            "subprotocol": Field(
                ("changed", "none", "removed", "bytes"), ("asgi.accept.subprotocol",), ("starlette.accept.subprotocol",)
            ),
            "headers": Field(
                ("changed", "emptied", "none", "removed", "reversed", "lowered", "single", "text", "increased"),
                ("asgi.accept.headers",),
                ("starlette.accept.headers",),
            ),
        },
        becomes="close",
    ),
    "send.text": Event(
        "websocket.send",
        False,
        SEND_CASES,
        ("asgi.send.text", "asgi.send.in-order"),
        ("starlette.send.text",),
        {
            "text": Field(
                ("changed", "emptied", "none", "removed", "moved", "number"),
                ("asgi.send.text",),
                ("starlette.send.text",),
                ("second", "empty", "nonascii", "long"),
            )
        },
        occasions=("second", "empty"),
        becomes="close",
    ),
    "send.bytes": Event(
        "websocket.send",
        False,
        SEND_CASES,
        ("asgi.send.bytes", "asgi.send.in-order"),
        ("starlette.send.bytes",),
        {
            "bytes": Field(
                ("changed", "emptied", "none", "removed", "moved", "number"),
                ("asgi.send.bytes",),
                ("starlette.send.bytes",),
                ("second", "empty", "long"),
            )
        },
        occasions=("second", "empty"),
        becomes="close",
    ),
    "close": Event(
        "websocket.close",
        False,
        CLOSE_CASES,
        ("asgi.close.code", "rfc6455.close.started"),
        ("starlette.close.code", "starlette.state.close"),
        {
            "code": Field(
                ("constant", "increased", "none", "removed", "text"),
                ("asgi.close.code",),
                ("starlette.close.code",),
                ("normal", "going-away", "private", "library"),
            ),
            "reason": Field(
                ("changed", "emptied", "none", "removed", "bytes"),
                ("asgi.close.reason",),
                ("starlette.close.reason",),
                ("nonascii", "long"),
            ),
        },
        ends=True,
        occasions=("unaccepted", "accepted"),
        becomes="send.text",
    ),
    "denial.start": Event(
        "websocket.http.response.start",
        False,
        DENIAL_CASES,
        ("asgi.denial.status",),
        ("starlette.denial.sent",),
        {
            "status": Field(
                ("constant", "increased", "none", "removed", "text"),
                ("asgi.denial.status",),
                ("starlette.denial.sent",),
            ),
            "headers": Field(
                ("changed", "emptied", "removed", "text"), ("asgi.denial.headers",), ("starlette.denial.sent",)
            ),
        },
        becomes="close",
    ),
    "denial.body": Event(
        "websocket.http.response.body",
        False,
        DENIAL_CASES,
        ("asgi.denial.body", "asgi.denial.chunks"),
        ("starlette.denial.sent",),
        {
            "body": Field(
                ("changed", "emptied", "none", "text"),
                ("asgi.denial.body", "asgi.denial.chunks"),
                ("starlette.denial.sent",),
                ("second",),
            ),
            "more_body": Field(
                ("inverted", "emptied"), ("asgi.denial.body", "asgi.denial.chunks"), ("starlette.denial.sent",)
            ),
        },
        ends=True,
        becomes="close",
    ),
}
# What an application may be told of: who sends into a connection that is lost.
LOST = ("lost.send.*", "endings.app.after-disconnect", "states.transitions")
# What a layer that must not touch events breaches where it does.
MIDDLEWARE = ("asgi.middleware.valid", "suite.middleware.transparent")
