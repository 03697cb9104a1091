"""Writes a trace as short as can be: what was seen at the wire, at the ASGI boundaries and in the two lanes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asgi_conformance.judge.claims import Claim
from asgi_conformance.judge.seen import Seen, read
from asgi_conformance.model import Observation, Trace

# A boundary, a kind, and what was seen there.
Entry = tuple[str, str, dict[str, Any]]
KEY = ("sec-websocket-key", "kGY2mT6mB4mP6h0WcJ6n0A==")
OFFERS: dict[str, Any] = {"extensions": ["websocket.http.response"]}
GONE = {"type": "websocket.disconnect", "code": 1006}
LOST = {"type": "builtins.ConnectionResetError", "mro": ["ConnectionResetError", "OSError"], "message": "gone"}
WRONG = {"type": "builtins.RuntimeError", "mro": ["RuntimeError", "Exception"], "message": "no"}


def trace(*entries: Entry | Iterable[Entry]) -> Trace:
    """These observations in their order; what belongs together may come as a list."""
    flat: list[Entry] = []
    for entry in entries:
        flat += [entry] if isinstance(entry, tuple) else list(entry)
    return Trace(tuple(Observation(at, *entry) for at, entry in enumerate(flat)))


def seen(*entries: Entry | Iterable[Entry]) -> Seen:
    """These observations as a judge reads them."""
    return read(trace(*entries))


def claimed(claims: Iterable[Claim], id: str) -> list[tuple[bool, str]]:
    """Whether each claim about a requirement held, and what was observed."""
    return [(claim.held, claim.observed) for claim in claims if claim.requirement == id]


def data(raw: bytes) -> dict[str, str]:
    """Bytes as an observation writes them."""
    return {"$": "bytes", "hex": raw.hex()}


def request(*headers: tuple[str, str], **more: Any) -> Entry:
    """The client's handshake, with further headers."""
    usual = [("host", "localhost"), ("upgrade", "websocket"), ("connection", "Upgrade"), KEY]
    return "wire", "request", {"headers": [*usual, ("sec-websocket-version", "13"), *headers], **more}


def response(status: int = 101, *headers: tuple[str, str], **more: Any) -> Entry:
    """The server's answer to the handshake."""
    return "wire", "response", {"status": status, "headers": list(headers), "body": None, **more}


def enter(boundary: str = "outer", **more: Any) -> Entry:
    """The application is called."""
    return boundary, "enter", {**OFFERS, **more}


def receive(event: dict[str, Any], boundary: str = "outer", **more: Any) -> Entry:
    """The application is given an event."""
    return boundary, "receive", {"event": event, **more}


def send(event: dict[str, Any], boundary: str = "outer", raised: dict[str, Any] | None = None) -> list[Entry]:
    """The application sends an event, and the send returns or raises."""
    ended: Entry = (boundary, "sent", {}) if raised is None else (boundary, "send.raised", {"exc": raised})
    return [(boundary, "send", {"event": event}), ended]


def frame(opcode: str, payload: Any = "", side: str = "received", **more: Any) -> Entry:
    """A frame that the client received, or sent."""
    return "wire", side, {"opcode": opcode, "fin": True, "payload": payload, **more}


def close(code: int | None, side: str = "received", reason: str = "") -> Entry:
    """A Close frame that the client received, or sent."""
    return frame("close", data(b""), side, code=code, reason=reason, length=0 if code is None else 2)


def missed(wait: str, **app: Any) -> Entry:
    """A deadline that passed, while the app lane was as it says."""
    return "client", "deadline", {"wait": wait, "seconds": 5.0, "app": app, "own_lag_us": 0}


def opened() -> list[Entry]:
    """A connection that the application has accepted."""
    connect = receive({"type": "websocket.connect"})
    return [request(), enter(), connect, *send({"type": "websocket.accept"}), response()]
