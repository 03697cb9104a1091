"""The server judged on how it was configured: the size of messages, its own pings, and its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .claims import Claim, frame_text
from .seen import AtBoundary, Seen
from .server_handshake import claim


def limits(seen: Seen, spec_version: str) -> Iterator[Claim]:
    """All claims about a server that was configured for the case; none where it was not."""
    told = next((o.data for o in seen.at("client", "configuration")), None)
    if told is None or seen.outer is None:
        return
    if told["stops"]:
        yield from _told(seen, seen.outer)
    if not seen.wire.opened:
        return
    if told["limit"]:
        yield from _size(seen, int(told["limit"]))
    if told["name"] == "short-pings":
        yield from _pings(seen)
    if told["stops"] and not seen.wire.client_end:
        yield from _end(seen)


def too_long(seen: Seen) -> bool:
    """Whether the client sent a longer message than the server was configured to take."""
    told = next((o.data for o in seen.at("client", "configuration")), None)
    return told is not None and bool(told["limit"]) and _sent(seen) > told["limit"]


def _sent(seen: Seen) -> int:
    return sum(_length(frame) for frame in seen.wire.sent if frame["opcode"] in ("text", "binary", "continuation"))


def _length(frame: Mapping[str, Any]) -> int:
    """The bytes of a frame's payload, of which a long one is written by its length alone (all here are ASCII)."""
    payload = frame["payload"]
    if isinstance(payload, str):
        return len(payload.encode("utf-8", "surrogatepass"))
    return int(payload["len"]) if "len" in payload else len(payload["hex"]) // 2


def _size(seen: Seen, limit: int) -> Iterator[Claim]:
    sent = _sent(seen)
    assert seen.outer is not None
    arrived = any(event.get("type") == "websocket.receive" for event in seen.outer.received)
    if sent <= limit:
        observed = "it reached the application" if arrived else "it did not reach the application"
        yield claim("suite.limits.exact", arrived, f"a message of {sent} bytes arrives", observed, "outer")
        return
    observed = "it reached the application" if arrived else "refused"
    yield claim("suite.limits.kept", not arrived, f"no message of more than {limit} bytes", observed, "outer")
    close = seen.wire.server_close
    # A reset may have overtaken the Close frame: the rest of the message was still on its way.
    if not arrived and (close is not None or "server.eof" in seen.wire.ends):
        held = close is not None and close.get("code") == 1009
        shown = frame_text(close) if close is not None else "no Close frame"
        yield claim("rfc6455.codes.too-big", held, "Close 1009", shown)


def _pings(seen: Seen) -> Iterator[Claim]:
    answered = seen.step_of("ignore-pings") is None
    close, ended = seen.wire.server_close, seen.wire.ended_by_server
    pinged = any(frame["opcode"] == "ping" for frame in seen.wire.received)
    if pinged or any(missed.sound and missed.wait == "ping" for missed in seen.missed):
        observed = "it sent one" if pinged else "no ping within the deadline"
        yield claim("suite.pings.sent", pinged, "a ping", observed)
    if answered:
        if _ended_by_application(seen):
            return
        early = seen.wire.ends[:1] in (("server.close",), ("server.eof",), ("server.reset",))
        observed = "it was ended" if early else "it stayed open"
        yield claim("suite.pings.answered-stays", not early, "the connection stays open", observed)
        return
    if pinged:
        over = close is not None or ended
        if over or any(missed.sound for missed in seen.missed):
            observed = "the connection was ended" if over else "it stayed open past the deadline"
            yield claim("suite.pings.unanswered-ends", over, "the connection ends", observed)
        yield from _closed_first(seen, over)


def _ended_by_application(seen: Seen) -> bool:
    """Whether the application closed, or ended without having been told of an end: the server has to end then."""
    assert seen.outer is not None
    if any(sent.event.get("type") == "websocket.close" for sent in seen.outer.sent):
        return True
    told = any(event.get("type") == "websocket.disconnect" for event in seen.outer.received)
    return seen.outer.exit is not None and not told


def _told(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    """Whether the application was told of the shutdown, where it waited for what comes next."""
    if any(event.get("type") == "websocket.disconnect" for event in outer.received):
        return
    how = outer.exit["outcome"] if outer.exit is not None else ""
    if how in ("cancelled", ""):
        observed = "the application was cancelled" if how else "the process ended first"
        yield claim("asgi.disconnect.sent", False, "websocket.disconnect", observed, "outer")


def _end(seen: Seen) -> Iterator[Claim]:
    over = seen.wire.server_close is not None or seen.wire.ended_by_server
    own = any(sent.event.get("type") == "websocket.close" for sent in seen.outer.sent) if seen.outer else False
    if own:
        return
    yield from _closed_first(seen, over)
    received = seen.outer.received if seen.outer is not None else ()
    told = next((event for event in received if event.get("type") == "websocket.disconnect"), None)
    if told is not None:
        observed = f"code={told.get('code')!r}"
        yield claim("asgi.disconnect.shutdown-code", True, "1012 and 1001 are usual", observed, "outer")
    close = seen.wire.server_close
    if close is not None:
        held = close.get("code") in (1001, 1012)
        yield claim("suite.shutdown.code", held, "Close 1001 or 1012", frame_text(close))


def _closed_first(seen: Seen, over: bool) -> Iterator[Claim]:
    if over:
        close = seen.wire.server_close
        shown = frame_text(close) if close is not None else "no Close frame"
        yield claim("rfc6455.close.handshake", close is not None, "a Close frame before the end of TCP", shown)
