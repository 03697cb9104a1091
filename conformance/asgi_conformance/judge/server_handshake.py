"""The server's opening: what the client's request and the application's answer must bring out on the other side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..model import Layer
from ..values import LONG, observed
from .application_messages import wrong_types
from .claims import Claim, event_text, exception_text, shown
from .seen import AtBoundary, Seen, Sent
from .server_request import refused, said_once, tolerated, wrong_with

ANSWERS = ("websocket.accept", "websocket.close", "websocket.http.response.start")


def claim(id: str, held: bool, expected: str, observed: str, boundary: str = "wire") -> Claim:
    """A claim about the server."""
    return Claim(id, held, Layer.SERVER, boundary, expected, observed)


def handshake(seen: Seen, spec_version: str) -> Iterator[Claim]:
    """All claims about the handshake."""
    outer = seen.outer
    if seen.wire.request is not None and seen.wire.request.get("partial") and seen.wire.ended_by_server:
        observed = "the application was called" if outer is not None else "the application was not called"
        yield claim("rfc6455.handshake.bad-request", outer is None, "the application is not called", observed)
    if seen.wire.request is not None and (wrong := wrong_with(seen.wire.request)):
        yield from refused(seen, wrong)
        return
    yield from tolerated(seen, seen.wire.status)
    yield from _early(seen, outer)
    if outer is None:
        return
    yield from _connect(outer)
    offered, listed = _offered(seen), outer.entered.get("subprotocols")
    if listed is not None:
        yield claim("asgi.scope.subprotocols", listed == offered, f"{offered}", f"{listed}", "outer")
    answer = next((s for s in outer.sent if s.event.get("type") in ANSWERS), None)
    yield from _accepted_again(outer)
    if answer is None:
        yield from _unanswered(seen, outer)
        return
    if seen.wire.client_end and not seen.wire.opened and seen.wire.response is None:
        return  # the client left before the answer could reach it
    kind = answer.event["type"]
    yield from said_once(seen, [_latin(name).lower() for name, _ in answer.event.get("headers") or ()])
    if wrong_types(answer.event):
        return  # what a server makes of an event that is none is its own affair
    if kind == "websocket.accept":
        yield from _accepted(seen, answer)
    elif kind == "websocket.close":
        yield from _refused(seen)
    else:
        yield from _denied(seen, outer, answer)


def _connect(outer: AtBoundary) -> Iterator[Claim]:
    if outer.received:
        first = outer.received[0]
        held = first.get("type") == "websocket.connect"
        yield claim("asgi.connect.first", held, "websocket.connect first", event_text(first), "outer")
        if any(event.get("type") == "websocket.connect" for event in outer.received[1:]):
            expected = "websocket.connect first and at no other place"
            yield claim("asgi.connect.first", False, expected, "a second websocket.connect", "outer")


def _unanswered(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    status = seen.wire.status
    second = next((o.data["line"] for o in seen.at("wire", "response.second")), None)
    if second is not None:
        expected, got = "one answer, and no 101 without the application's", f"HTTP {status}, and then {second}"
        yield claim("asgi.connect.handshake-waits", False, expected, got)
    elif status == 101:
        expected = "no answer to the handshake before the application's"
        yield claim("asgi.connect.handshake-waits", False, expected, "101 Switching Protocols")
    elif status is not None or (outer.exit is not None and not seen.wire.client_end):
        got = "no answer" if status is None else f"HTTP {status} once the application was over"
        yield claim("asgi.connect.handshake-waits", True, "no 101 without the application's answer", got)


def _early(seen: Seen, outer: AtBoundary | None) -> Iterator[Claim]:
    """What no document speaks of: a client that sends before it was answered."""
    kinds = [entry.kind for entry in seen.wire.entries]
    if "sent.raw" in kinds and "response" not in kinds[: kinds.index("sent.raw")]:
        told = "was not called"
        if outer is not None:
            told = f"got {event_text(outer.received[1]) if len(outer.received) > 1 else 'no event'}"
        got = "no answer" if seen.wire.status is None else f"HTTP {seen.wire.status}"
        yield claim("asgi.connect.early-data", True, "not specified", f"{got}, and the application {told}")


def _accepted_again(outer: AtBoundary) -> Iterator[Claim]:
    """What no document speaks of either: an application that accepts twice."""
    for again in [s for s in outer.sent if s.event.get("type") == "websocket.accept"][1:]:
        got = exception_text(again.raised) if again.raised is not None else "send() returned"
        yield claim("asgi.accept.again", True, "not specified", got, "outer")


def _accepted(seen: Seen, answer: Sent) -> Iterator[Claim]:
    wire, event = seen.wire, answer.event
    got = "no answer" if wire.status is None else f"HTTP {wire.status}"
    offered = _offered(seen)
    subprotocol = event.get("subprotocol")
    if subprotocol is not None and subprotocol not in offered:
        held = not any(value == subprotocol for value in wire.headers("sec-websocket-protocol"))
        expected = f"a subprotocol from {offered or 'none offered'}"
        observed = f"sec-websocket-protocol: {subprotocol}" if not held else "none"
        yield claim("rfc6455.handshake.subprotocol", held, expected, observed)
        if wire.status is not None or wire.ended_by_server or seen.missed:
            came = got if wire.status is not None or wire.ended_by_server else f"{got} within the deadline"
            raised = "send() returned" if answer.raised is None else f"send() raised {exception_text(answer.raised)}"
            yield claim("asgi.accept.not-offered", True, "no document says", f"{came}, and {raised}")
        return
    yield claim("asgi.accept.completes", wire.status == 101, "HTTP 101", got)
    yield claim("asgi.connect.handshake-waits", True, "no answer before the application's", "answered after it")
    if wire.status != 101 or wire.response is None:
        return
    problem = wire.response.get("problem")
    named = wire.headers("sec-websocket-protocol")
    if problem and not named:
        yield claim("rfc6455.handshake.accept", False, "a handshake that the client may complete", str(problem))
    elif not problem:
        yield claim("rfc6455.handshake.accept", True, "a valid Sec-WebSocket-Accept", "valid")
    if not problem:
        yield _extensions(seen)
    want = [] if subprotocol is None else [subprotocol]
    requirement = "asgi.accept.subprotocol"
    yield claim(requirement, named == want, _protocol_text(want), _protocol_text(named))
    if subprotocol is None and not named:
        yield claim("rfc6455.handshake.no-subprotocol", True, "no subprotocol", "none")
    yield from _headers("asgi.accept.headers", seen, event.get("headers") or ())


def _offered(seen: Seen, header: str = "sec-websocket-protocol") -> list[str]:
    pairs = seen.wire.request["headers"] if seen.wire.request is not None else ()
    values = [value for name, value in pairs if name.lower() == header]
    return [token.strip() for value in values for token in value.split(",") if token.strip()]


def _extensions(seen: Seen) -> Claim:
    header = "sec-websocket-extensions"
    offered = [extension.partition(";")[0].strip() for extension in _offered(seen, header)]
    named = [extension.strip() for value in seen.wire.headers(header) for extension in value.split(",")]
    held = all(extension.partition(";")[0].strip() in offered for extension in named)
    expected = f"none but {', '.join(offered)}" if offered else "no extension"
    return claim("rfc6455.handshake.extensions", held, expected, ", ".join(named) or "no extension")


def _protocol_text(names: list[str]) -> str:
    return "subprotocol " + ", ".join(names) if names else "no subprotocol"


def _headers(id: str, seen: Seen, headers: Any) -> Iterator[Claim]:
    pairs = [(_latin(name), _latin(value)) for name, value in headers]
    pairs = [(name, value) for name, value in pairs if name.lower() != "sec-websocket-protocol"]
    for name in dict.fromkeys(name for name, _ in pairs):
        want = [value for key, value in pairs if key == name]
        got = [_short(value) for value in seen.wire.headers(name)]
        yield claim(id, [v for v in got if v in want] == want, f"{name}: {want}", f"{name}: {got}")


def _latin(value: Any) -> str:
    if isinstance(value, dict) and value.get("$") == "bytes":
        return bytes.fromhex(value["hex"]).decode("latin-1") if "hex" in value else shown(value)
    return str(value)


def _short(value: str) -> str:
    """A header's value as an observation of the other side would show it."""
    data = value.encode("latin-1", "replace")
    return value if len(data) <= LONG else shown(observed(data))


def _refused(seen: Seen) -> Iterator[Claim]:
    got = "no answer" if seen.wire.status is None else f"HTTP {seen.wire.status}"
    yield claim("asgi.close.before-accept", seen.wire.status == 403, "HTTP 403", got)
    yield claim("asgi.connect.handshake-waits", seen.wire.status != 101, "no 101 without an accept", got)


def _denied(seen: Seen, outer: AtBoundary, start: Sent) -> Iterator[Claim]:
    if "websocket.http.response" not in outer.entered.get("extensions", ()):
        return
    status = start.event.get("status")
    unsent = start.raised is not None or (not start.returned and seen.waiting_in("outer.send") is not None)
    if unsent and not seen.wire.client_end:
        observed = "send() had not ended by the deadline"
        observed = f"send() raised {exception_text(start.raised)}" if start.raised is not None else observed
        yield claim("asgi.denial.status", False, f"HTTP {status}", observed, "outer")
        return
    bodies = [s for s in outer.sent if s.event.get("type") == "websocket.http.response.body"]
    if any(wrong_types(s.event) for s in bodies):
        return
    last = next((index for index, s in enumerate(bodies) if not s.event.get("more_body")), len(bodies))
    bodies = bodies[: last + 1]  # what the application sends behind the last part is no part
    refused = next((s for s in bodies if s.raised is not None and not seen.wire.client_end), None)
    if refused is not None:
        id = "asgi.denial.chunks" if refused.event.get("more_body") or len(bodies) > 1 else "asgi.denial.body"
        observed = f"send() raised {exception_text(refused.raised)}"
        yield claim(id, False, "a part of the body is taken", observed, "outer")
        return
    parts = [s.event for s in bodies]
    complete = bool(parts) and not parts[-1].get("more_body", False)
    if not complete:
        return
    wire = seen.wire
    got = "no answer" if wire.status is None else f"HTTP {wire.status}"
    yield claim("asgi.denial.status", wire.status == status, f"HTTP {status}", got)
    if wire.status != status or wire.response is None:
        return
    yield from _headers("asgi.denial.headers", seen, start.event.get("headers") or ())
    want = b"".join(_body(part) for part in parts)
    lengths = [_latin(value) for name, value in start.event.get("headers") or () if _latin(name) == "content-length"]
    if any(length != str(len(want)) for length in lengths):
        return  # the application contradicts itself
    body = wire.response.get("body")
    got_body = b"" if body is None else bytes.fromhex(body["hex"]) if "hex" in body else None
    held = got_body == want
    yield claim(
        "asgi.denial.body", held, f"body {want!r}", f"body {got_body!r}" if got_body is not None else shown(body)
    )
    if len([part for part in parts if _body(part)]) > 1:
        yield claim("asgi.denial.chunks", held, f"body {want!r} of {len(parts)} parts", f"body {got_body!r}")
    kept = bool(seen.at("client", "kept-open"))
    if wire.ended_by_server or kept:
        observed = "it stayed open past the deadline" if kept else "it ended"
        yield claim("asgi.denial.closes", not kept, "the connection ends", observed)


def _body(part: Mapping[str, Any]) -> bytes:
    body = part.get("body")
    return bytes.fromhex(body["hex"]) if isinstance(body, dict) and "hex" in body else b""
