"""What comes after an end: sends that wait, events behind the application's own close, data behind the client's."""

from __future__ import annotations

from collections.abc import Iterator

from .claims import Claim, event_text, exception_text
from .seen import AtBoundary, Seen
from .server_handshake import claim
from .server_messages import complete_messages

# Sends after a loss that nothing proves the server to know of: this many without an error are a statement.
ENOUGH_SENDS = 50


def afterwards(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """All claims about what one side does when the other, or the connection, has ended."""
    yield from _sends_after_the_end(seen, outer)
    if not seen.wire.opened:
        return
    yield from _sends_end(seen, outer)
    yield from _again(outer)
    yield from _discarded(seen, outer)


def _sends_end(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    """A send ends, in whatever way, at the latest when its connection does."""
    over = seen.wire.client_end or seen.wire.ended_by_server
    if not over or not outer.sent:
        return
    waits = next((s for s in outer.sent if not s.returned and s.raised is None), None)
    if waits is None:
        yield claim("asgi.send.returns", True, "every send returns or raises", "they did", "outer")
    elif seen.waiting_in("outer.send"):
        observed = f"send() of {waits.event.get('type')} had not ended by the deadline"
        yield claim("asgi.send.returns", False, "every send returns or raises", observed, "outer")


def _again(outer: AtBoundary) -> Iterator[Claim]:
    """What the server makes of an event that follows the application's own close, where one gets as far."""
    closed = False
    for sent in outer.sent:
        if closed and (sent.returned or sent.raised is not None):
            got = exception_text(sent.raised) if sent.raised is not None else "send() returned"
            yield claim("asgi.close.again", True, "not specified", f"{sent.event.get('type')}: {got}", "outer")
        closed = closed or (sent.event.get("type") == "websocket.close" and sent.returned)


def _discarded(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    """What the client sent behind its own Close goes nowhere."""
    kinds = [frame["opcode"] for frame in seen.wire.sent]
    if "close" not in kinds or kinds[-1] == "close" or not outer.received:
        return
    before = len(complete_messages(seen.wire.sent)[0])
    late = [event for event in outer.received if event.get("type") == "websocket.receive"][before:]
    observed = event_text(late[0]) if late else "nothing"
    yield claim("rfc6455.close.data-discarded", not late, "nothing of what followed the Close", observed, "outer")


# What a server may take for a connection that is closed without a word, and must not answer with an error of another
# kind.
_ENDS_IN_ERROR = ("websocket.accept", "websocket.close")


def _sends_after_the_end(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    """Sends once the server must know: the client has seen the end of TCP, or many sends went out since it left."""
    if not seen.wire.client_end:
        return
    proved = seen.step_of("ended")
    left = [index for op in ("reset", "half-close", "drop") if (index := seen.step_of(op)) is not None]
    after = proved if proved is not None else min(left, default=None)
    if after is None:
        return
    late = [
        s
        for s in outer.sent
        if s.step is not None
        and s.step > after
        and (s.event["type"] == "websocket.send" or (s.event["type"] in _ENDS_IN_ERROR and s.raised is not None))
    ]
    raised = [s for s in late if s.raised is not None]
    if not late or (proved is None and not raised and len(late) < ENOUGH_SENDS):
        return
    quiet = all("OSError" in (s.raised or {}).get("mro", ()) for s in raised)
    got = exception_text(raised[0].raised) if raised else f"{len(late)} sends returned"
    yield claim("asgi.send.after-disconnect-ignored", quiet, "a send that does nothing", got, "outer")
    yield claim("asgi.send.after-disconnect", bool(raised) and quiet, "a subclass of OSError", got, "outer")
