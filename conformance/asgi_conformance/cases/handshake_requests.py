"""The opening as it is asked for: requests in every legal form, and those that must be refused."""

from __future__ import annotations

from ..script import App, Client, case
from .handshake import Headers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
USUAL: Headers = (
    ("Host", "127.0.0.1"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Version", "13"),
)
NAMES = tuple(name for name, _ in USUAL)


@case(
    "handshake.request",
    requires=("rfc6455.handshake.accept", "rfc6455.handshake.tolerant", "rfc6455.handshake.extensions"),
    rows=(
        ("usual", NAMES, USUAL),
        ("upgrade-in-mixed-case", ("Upgrade",), (("Upgrade", "WebSocket"),)),
        ("connection-in-lower-case", ("Connection",), (("Connection", "upgrade"),)),
        ("connection-list", ("Connection",), (("Connection", "keep-alive, Upgrade"),)),
        ("connection-two-lines", ("Connection",), (("Connection", "keep-alive"), ("Connection", "Upgrade"))),
        ("names-lower", NAMES, tuple((name.lower(), value) for name, value in USUAL)),
        ("names-upper", NAMES, tuple((name.upper(), value) for name, value in USUAL)),
        ("other-order", NAMES, tuple(reversed(USUAL))),
        ("blanks-around-the-key", ("Sec-WebSocket-Key",), (("Sec-WebSocket-Key", f"  {KEY} "),)),
        ("unknown-headers", (), (("X-Unknown", "1"), ("Sec-WebSocket-Unknown", "2"))),
        ("unknown-extension", (), (("Sec-WebSocket-Extensions", "x-unknown; a=1, x-other"),)),
        ("origin", (), (("Origin", "https://example.org"),)),
        ("cookie", (), (("Cookie", "a=1; b=2"),)),
    ),
    needs=("outermost",),
)
def request_in_any_legal_form_is_accepted(
    client: Client, app: App, without: tuple[str, ...], headers: Headers
) -> None:
    """A request that is in order is accepted, however its header names, its tokens and its order are written."""
    client.asks(without=without, headers=headers)
    app.accepts()
    client.is_accepted()
    client.closes(1000)


WRONG = ("rfc6455.handshake.bad-request", "suite.server.goes-on")
UNSPOKEN = ("rfc6455.handshake.version", "rfc6455.handshake.version-named", "suite.server.goes-on")


def _instead(name: str, *values: str) -> tuple[tuple[str, ...], Headers]:
    return (name,), tuple((name, value) for value in values)


@case(
    "handshake.malformed",
    requires=WRONG,
    rows=(
        ("method-post", "POST", "1.1", (), ()),
        ("method-put", "PUT", "1.1", (), ()),
        ("http-1.0", "GET", "1.0", (), ()),
        ("host-missing", "GET", "1.1", *_instead("Host")),
        ("upgrade-missing", "GET", "1.1", *_instead("Upgrade")),
        ("upgrade-other", "GET", "1.1", *_instead("Upgrade", "example/1")),
        ("connection-missing", "GET", "1.1", *_instead("Connection")),
        ("connection-other", "GET", "1.1", *_instead("Connection", "keep-alive")),
        ("key-missing", "GET", "1.1", *_instead("Sec-WebSocket-Key")),
        ("key-empty", "GET", "1.1", *_instead("Sec-WebSocket-Key", "")),
        ("key-twice", "GET", "1.1", *_instead("Sec-WebSocket-Key", KEY, KEY)),
        ("version-missing", "GET", "1.1", *_instead("Sec-WebSocket-Version")),
        ("version-no-number", "GET", "1.1", *_instead("Sec-WebSocket-Version", "latest")),
    ),
    needs=("outermost",),
)
def malformed_request_is_refused(
    client: Client, app: App, method: str, http: str, without: tuple[str, ...], headers: Headers
) -> None:
    """A request that lacks what a handshake needs is answered with an HTTP error, and the next one is accepted."""
    client.asks(method=method, http=http, without=without, headers=headers)
    client.is_refused()
    client.opens_again()
    app.accepts()
    client.is_accepted()
    client.closes(1000)


@case(
    "handshake.version",
    requires=UNSPOKEN,
    rows=(("0", "0"), ("12", "12"), ("14", "14"), ("255", "255")),
    needs=("outermost",),
)
def other_version_is_refused(client: Client, app: App, version: str) -> None:
    """A protocol version other than 13 is refused with an HTTP error that names 13, and the next client is accepted."""
    client.asks(without=("Sec-WebSocket-Version",), headers=(("Sec-WebSocket-Version", version),))
    client.is_refused()
    client.opens_again()
    app.accepts()
    client.is_accepted()
    client.closes(1000)


@case(
    "handshake.malformed.key",
    requires=("rfc6455.handshake.key-value", "suite.server.goes-on"),
    rows=(("short", "c2hvcnQ="), ("long", "bW9yZSB0aGFuIHNpeHRlZW4gYnl0ZXM="), ("not-base64", "?" * 24)),
    needs=("outermost",),
)
def key_of_another_length_is_noted(client: Client, app: App, key: str) -> None:
    """A key that does not stand for sixteen bytes may be refused or taken, and the next request is accepted."""
    client.asks(without=("Sec-WebSocket-Key",), headers=(("Sec-WebSocket-Key", key),))
    client.is_answered()
    client.opens_again()
    app.accepts()
    client.is_accepted()
    client.closes(1000)


@case(
    "handshake.malformed.subprotocol",
    requires=WRONG,
    rows=(
        ("empty", ""),
        ("comma-alone", ","),
        ("empty-between", "chat,,superchat"),
        ("two-words", "chat room"),
        ("latin-1", "ch\xe4t"),
        ("utf-8", "ch\xc3\xa4t"),
        ("control-character", "chat\x01"),
    ),
    needs=("outermost",),
)
def server_outlives_a_malformed_subprotocol(client: Client, app: App, value: str) -> None:
    """An offered subprotocol that is no token may be refused or taken, and the next request is accepted."""
    client.asks(headers=(("Sec-WebSocket-Protocol", value),))
    client.is_answered()
    client.opens_again()
    app.accepts()
    client.is_accepted()
    client.closes(1000)
