"""Handshake requests that a server must refuse: what is wrong with one, and what has to come of it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..model import Layer
from .claims import Claim
from .seen import Seen

VERSION = "13"
# What is wrong where a requirement of its own speaks of it.
SPOKEN, KEY, OFFER = "another version", "what the key decodes to", "the subprotocols that are offered"
# RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What an answer says once at most: fields that are no lists (RFC 9110, sections 5.3, 6.6.1, 8.3, 8.6 and 10.2.4, and
# RFC 6455, section 11.3.3).
ONCE = ("date", "server", "content-type", "content-length", "sec-websocket-accept")
_REQUIREMENTS = {SPOKEN: "rfc6455.handshake.version", KEY: "rfc6455.handshake.key-value"}


def wrong_with(request: Mapping[str, Any]) -> str:
    """What RFC 6455 section 4.2.1 finds wrong with a handshake request as it was sent, '' where it is in order."""
    headers: dict[str, list[str]] = {}
    for name, value in request["headers"]:
        headers.setdefault(name.lower(), []).append(value)
    tokens = {
        name: [token.strip().lower() for value in headers.get(name, ()) for token in value.split(",")]
        for name in ("upgrade", "connection")
    }
    if request.get("method", "GET") != "GET":
        return "the method"
    if request.get("http", "1.1") < "1.1":
        return "the version of HTTP"
    if len(headers.get("host", ())) != 1:
        return "Host"
    if "websocket" not in tokens["upgrade"]:
        return "Upgrade"
    if "upgrade" not in tokens["connection"]:
        return "Connection"
    keys, versions = headers.get("sec-websocket-key", []), headers.get("sec-websocket-version", [])
    if len(keys) != 1 or not keys[0].strip():
        return "Sec-WebSocket-Key"
    if not _is_key(keys[0].strip()):
        return KEY
    if versions != [VERSION]:
        return SPOKEN if len(versions) == 1 and versions[0].isdecimal() else "Sec-WebSocket-Version"
    offered = [token.strip(" \t") for value in headers.get("sec-websocket-protocol", ()) for token in value.split(",")]
    return "" if all(_TOKEN.fullmatch(token) for token in offered) else OFFER


def _is_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value.encode("latin-1"), validate=True)) == 16
    except binascii.Error:
        return False


def tolerated(seen: Seen, status: int | None) -> Iterator[Claim]:
    """A request that was written out by a script, is in order, and was answered by the application with an accept."""
    if seen.wire.request is not None and "sockname" in seen.wire.request and (status or seen.wire.ended_by_server):
        got = "no answer" if status is None else f"HTTP {status}"
        yield _claim("rfc6455.handshake.tolerant", status == 101, "HTTP 101", got)


def refused(seen: Seen, wrong: str) -> Iterator[Claim]:
    """The claims about a request with which something is wrong."""
    wire, again = seen.wire, seen.at("again")
    calls = len(seen.at("outer", "enter")) - bool(again)
    error = wire.status is not None and wire.status >= 400
    got = f"HTTP {wire.status}" if wire.status is not None else "no answer"
    if calls > 0 and wire.status != 101:  # a 101 says so itself
        got += ", and the application was called"
    id = _REQUIREMENTS.get(wrong, "rfc6455.handshake.bad-request")
    decided = wire.status is not None or wire.ended_by_server or any(m.sound for m in seen.missed)
    if decided and wrong == OFFER:
        # No server looks at each token: a 101 is not judged, but to say nothing is neither of the two.
        answered = wire.status is not None or wire.ended_by_server
        yield _claim(id, answered, "an answer, whatever it is", got if answered else "no answer within the deadline")
    elif decided:
        yield _claim(id, error and calls <= 0, "an HTTP error, and the application is not called", got)
    if wrong == SPOKEN and error:
        named = wire.headers("sec-websocket-version")
        spoken = [version.strip() for value in named for version in value.split(",")]
        shown = f"HTTP {wire.status} with Sec-WebSocket-Version: {', '.join(named)}" if named else f"{got} without it"
        yield _claim("rfc6455.handshake.version-named", VERSION in spoken, f"Sec-WebSocket-Version: {VERSION}", shown)
    if again:
        answer = next((o.data for o in again if o.kind == "response"), None)
        status = "no answer" if answer is None else f"HTTP {answer['status']}"
        held = answer is not None and answer["status"] == 101 and "problem" not in answer
        yield _claim("suite.server.goes-on", held, "HTTP 101 for the next client", status)


def _claim(id: str, held: bool, expected: str, observed: str) -> Claim:
    return Claim(id, held, Layer.SERVER, "wire", expected, observed)


def said_once(seen: Seen, own: Iterable[str]) -> Iterator[Claim]:
    """What the answer names twice; ``own``: the application's headers, which it may have doubled itself."""
    if seen.wire.response is None:
        return
    names, own = [name.lower() for name, _ in seen.wire.response["headers"]], list(own)
    doubled = sorted(name for name in ONCE if names.count(name) > max(1, own.count(name)))
    expected = f"each of {', '.join(ONCE)} once at most"
    shown = "; ".join(f"{name}: {', '.join(seen.wire.headers(name))}" for name in doubled if name != "date")
    shown = "; ".join(part for part in ("two headers date" if "date" in doubled else "", shown) if part)
    yield _claim("suite.server.headers-once", not doubled, expected, shown or "no header twice")
