"""The server's endings: every way in which client, application and network end a connection.

Which Close left first is read from the wire, never presumed (facts of RFC 6455 section 7.1.5 and 7.1.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..close_codes import MAXIMUM, arrival
from ..model import Level
from .claims import Claim, event_text, exception_text, frame_text, shown
from .seen import AtBoundary, Frame, Seen, Sent
from .server_failing import broken_frame, failing, illegal, left
from .server_handshake import claim

RESERVED = (1005, 1006, 1015)


def close_frames(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """Whatever the application asked for, these never leave a server."""
    for frame in (f for f in seen.wire.received if f["opcode"] == "close"):
        code = frame.get("code")
        yield claim("rfc6455.codes.reserved-not-sent", code not in RESERVED, "no 1005, 1006, 1015", frame_text(frame))
        in_range = code is None or 1000 <= code <= 4999
        yield claim("rfc6455.codes.range", in_range, "a code from 1000 to 4999", frame_text(frame))
        length = int(frame.get("length", 0))
        yield claim("rfc6455.control.length", length <= 125, "at most 125 bytes", f"{length} bytes")
        text = "\\x" not in str(frame.get("reason", ""))
        yield claim("rfc6455.close.body", length != 1 and text, "a code and UTF-8, or nothing", frame_text(frame))
    frames = [f["opcode"] for f in seen.wire.received]
    if "close" in frames:
        after = frames[frames.index("close") + 1 :]
        held = not any(opcode in ("text", "binary", "continuation") for opcode in after)
        yield claim("rfc6455.close.no-data-after", held, "nothing after the Close frame", ", ".join(after) or "nothing")


def disconnect(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """The event that tells the application of the end, and its code."""
    events = [event for event in outer.received if event.get("type") == "websocket.disconnect"]
    wire = seen.wire
    refused = any(s.event.get("type") in ("websocket.close", "websocket.http.response.start") for s in outer.sent)
    if not wire.opened and refused:
        if events:
            yield claim("asgi.disconnect.before-accept", True, "code=1006 is usual", event_text(events[0]), "outer")
        elif seen.waiting_in("outer.receive") or outer.receive_raised:
            raised = exception_text(next(iter(outer.receive_raised), None))
            observed = f"receive() raised {raised}" if outer.receive_raised else "no event within the deadline"
            yield claim("asgi.disconnect.before-accept", True, "code=1006 is usual", observed, "outer")
        return
    if not events and outer.receive_raised and (wire.client_end or wire.ended_by_server or wire.server_close):
        observed = f"receive() raised {exception_text(outer.receive_raised[0])}"
        yield claim("asgi.disconnect.sent", False, "websocket.disconnect", observed, "outer")
        yield from _unsent(seen, observed)
        return
    waiting = seen.waiting_in("outer.receive")
    if events or waiting:
        yield from _untimed(seen, event_text(events[0]) if events else "no event within the deadline")
    if not events:
        if _open_to_doubt(seen):
            return
        if waiting and (wire.client_end or wire.ended_by_server or wire.server_close):
            yield claim("asgi.disconnect.sent", False, "websocket.disconnect", "no event within the deadline", "outer")
            yield from _unsent(seen, "no event within the deadline")
        return
    first = events[0]
    yield claim("asgi.disconnect.sent", True, "websocket.disconnect", event_text(first), "outer")
    code = first.get("code")
    is_int = isinstance(code, int) and not isinstance(code, bool)
    yield claim(
        "asgi.disconnect.code-type", is_int or "code" not in first, "code is an int", f"code={shown(code)}", "outer"
    )
    for second in events[1:]:
        yield claim("asgi.disconnect.once", True, "not specified", f"a second event: {event_text(second)}", "outer")
    if len(events) == 1 and (seen.waiting_in("outer.receive") or outer.receive_raised):
        raised = exception_text(next(iter(outer.receive_raised), None))
        observed = f"receive() raised {raised}" if outer.receive_raised else "no event within the deadline"
        yield claim("asgi.disconnect.once", True, "not specified", observed, "outer")
    yield from _code(seen, first, spec_version)


def _untimed(seen: Seen, told: str) -> Iterator[Claim]:
    """What an application is told of ends that no document sets a time for."""
    if seen.step_of("keep-open") is not None and seen.wire.client_end == "close":
        yield claim("asgi.disconnect.kept-open", True, "no document sets a time", told, "outer")
    elif _unanswered_yet(seen):
        yield claim("asgi.disconnect.unanswered", True, "no document sets a time", told, "outer")


def _unanswered_yet(seen: Seen) -> bool:
    """Whether the server's Close waits for an answer of the client, which has given none and has not left."""
    return seen.wire.server_close is not None and not any(end.startswith("client.") for end in seen.wire.ends)


def _open_to_doubt(seen: Seen) -> bool:
    """Whether the connection is still there in part, so that nothing proves that its end was due to be told."""
    if seen.step_of("keep-open") is not None:
        return seen.wire.client_end == "close"
    return _unanswered_yet(seen) and not seen.wire.ended_by_server


def _unsent(seen: Seen, observed: str) -> Iterator[Claim]:
    """The claims about a code fall with the event that never came."""
    frame = seen.wire.client_close
    if frame is not None and seen.wire.client_end == "close":
        code = frame.get("code")
        id = "asgi.disconnect.default-code" if code is None else "asgi.disconnect.code"
        if not illegal(frame) and arrival(code).level is Level.MUST:
            yield claim(id, False, f"code={code or 1005}", observed, "outer")
    elif seen.wire.client_end:
        yield claim("asgi.disconnect.lost-code", False, "code=1006", observed, "outer")


def _code(seen: Seen, event: Mapping[str, Any], spec_version: str) -> Iterator[Claim]:
    wire, code, frame = seen.wire, event.get("code"), seen.wire.client_close
    assert seen.outer is not None
    observed = f"code={shown(code)}"
    if wire.client_end == "close" and frame is not None and _closed_before(seen) and not illegal(frame):
        # The two closes crossed: which was first depends on who looks.
        yield _after_own_close(seen, code, frame)
        yield from _crossed(seen)
    elif wire.client_end == "close" and frame is not None:
        if illegal(frame):
            yield claim("asgi.disconnect.illegal-code", True, "not specified", observed, "outer")
        elif frame.get("code") is None:
            held = code == 1005
            yield claim("asgi.disconnect.default-code", held, "code=1005", observed, "outer")
            yield claim("rfc6455.close.code-absent", held, "code=1005", observed, "outer")
        elif arrival(frame["code"]).level is Level.MUST:
            held = code == frame["code"]
            yield claim("asgi.disconnect.code", held, f"code={frame['code']}", observed, "outer")
            yield claim("rfc6455.close.code-received", held, f"code={frame['code']}", observed, "outer")
        else:
            yield claim(
                "asgi.disconnect.registered-code", True, f"code={frame['code']} or a refusal", observed, "outer"
            )
            return
        if not illegal(frame):
            yield from _reason(event, str(frame.get("reason", "")), spec_version)
    elif wire.client_end in ("fin", "rst", "half"):
        yield claim("asgi.disconnect.lost-code", code == 1006, "code=1006", observed, "outer")
        yield claim("rfc6455.close.code-lost", code == 1006, "code=1006", observed, "outer")
    elif frame is not None and wire.server_close is not None:
        # The server's Close came first on the client's side: the frame received is the client's answer.
        if wire.ended_by_server:
            yield claim("rfc6455.close.simultaneous", True, "the connection ends", "it ended")
        yield _after_own_close(seen, code, frame)
    elif code is not None:
        yield claim("asgi.disconnect.shutdown-code", True, "not specified", observed, "outer")


def _after_own_close(seen: Seen, code: Any, frame: Frame) -> Claim:
    """The code behind the application's own close: that of the client's frame, whichever of the two was first."""
    want = frame.get("code") if frame.get("code") is not None else 1005
    sent = seen.outer.sent if seen.outer is not None else ()
    own = next((s.event.get("code", 1000) for s in sent if s.event["type"] == "websocket.close"), None)
    own_text = ", that of its own close" if code != want and code == own else ""
    observed = f"code={shown(code)}{own_text}"
    return claim("asgi.disconnect.after-own-close", code == want, f"code={want}", observed, "outer")


def _closed_before(seen: Seen) -> bool:
    """Whether the server had taken a close of the application when it gave it the disconnect."""
    closing = False
    for o in seen.at("outer", "send", "sent", "receive"):
        kind = o.data["event"].get("type") if "event" in o.data else ""
        if o.kind == "send":
            closing = kind == "websocket.close"
        elif o.kind == "sent" and closing:
            return True
        elif kind == "websocket.disconnect":
            return False
    return False


def _crossed(seen: Seen) -> Iterator[Claim]:
    """The client's Close was under way before it had seen that of the application."""
    if seen.wire.ended_by_server:
        yield claim("rfc6455.close.simultaneous", True, "the connection ends", "it ended")
    elif any(m.owed and m.wait == "end" for m in seen.missed):
        yield claim("rfc6455.close.simultaneous", False, "the connection ends", "it stayed open past the deadline")


def _reason(event: Mapping[str, Any], want: str, spec_version: str) -> Iterator[Claim]:
    present = event.get("reason") is not None
    if want:
        got = f"reason={shown(event['reason'])}" if present else "no reason"
        yield claim("asgi.disconnect.reason-early", True, f"reason={want!r} or none", got, "outer")
    if present:
        held = event["reason"] == want
        yield claim("asgi.disconnect.reason", held, f"reason={want!r}", f"reason={shown(event['reason'])}", "outer")
        yield claim(
            "rfc6455.close.reason-received", held, f"reason={want!r}", f"reason={shown(event['reason'])}", "outer"
        )
    elif want and _version(spec_version) >= (2, 5):
        yield claim("asgi.disconnect.reason", False, f"reason={want!r}", "no reason", "outer")
    else:
        yield claim("asgi.disconnect.reason", True, f"reason={want!r} or none", "no reason", "outer")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def echo(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """The server's side of the closing handshake, and of failing a connection."""
    if not seen.wire.opened:
        return
    wire, frame = seen.wire, seen.wire.client_close
    broke = wire.client_end == "close" and frame is not None and illegal(frame)
    if broke or broken_frame(seen):
        yield from failing(seen, outer)
        if frame is not None and frame.get("code") is not None and 1004 <= frame["code"] < 3000:
            yield claim("rfc6455.codes.unassigned", True, "not specified", ", ".join(wire.ends))
        return
    if wire.client_end != "close" or frame is None:
        return
    answer = wire.server_close
    ended = answer is not None or wire.ended_by_server or any(m.owed for m in seen.missed)
    own_close = any(s.event.get("type") == "websocket.close" for s in outer.sent)
    code = frame.get("code")
    # A code that was registered after the RFC may be refused (asgi.disconnect.registered-code): no answer is due then.
    refused = arrival(code).level is not Level.MUST and (answer is None or answer.get("code") != code)
    if ended and not refused and wire.client_stays and not (answer is None and left(outer)):
        observed = frame_text(answer) if answer is not None else "no Close frame"
        yield claim("rfc6455.close.echo", answer is not None, "a Close frame in answer", observed)
        if answer is not None and not own_close:
            same = answer.get("code") == frame.get("code")
            yield claim("rfc6455.close.echo-code", same, frame_text(frame), frame_text(answer))
        yield claim("rfc6455.close.handshake", answer is not None, "a closing handshake", observed)
    if answer is not None:
        yield from _tcp(seen)


def _tcp(seen: Seen) -> Iterator[Claim]:
    if seen.wire.ended_by_server:
        yield claim("rfc6455.close.tcp-first", True, "the server ends TCP first", "it did")
        yield claim("rfc6455.close.tcp-closed", True, "TCP ends after the closing handshake", "it ended")
        clean = "server.reset" not in seen.wire.ends
        if seen.wire.over_tcp:
            yield claim("rfc6455.close.tcp-clean", clean, "TCP ends with a FIN", "a FIN" if clean else "a reset")
    elif any(m.owed and m.wait == "end" for m in seen.missed):
        yield claim("rfc6455.close.tcp-first", False, "the server ends TCP first", "TCP stayed open past the deadline")
        yield claim("rfc6455.close.tcp-closed", False, "TCP ends after the closing handshake", "TCP stayed open")


def _unanswered(seen: Seen) -> Iterator[Claim]:
    """The server's Close had no answer: what it then does with TCP, of which no document sets the time."""
    if any(frame["opcode"] == "close" for frame in seen.wire.sent):
        return
    if seen.wire.ended_by_server:
        yield claim("rfc6455.close.unanswered", True, "no document sets a time", "the server ended TCP")
    elif any(m.sound and m.wait == "end" for m in seen.missed):
        observed = "TCP stayed open past the deadline"
        yield claim("rfc6455.close.unanswered", True, "no document sets a time", observed)


def own_close(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """The application's close on the wire."""
    wire = seen.wire
    if not wire.opened:
        return
    closes = [s for s in outer.sent if s.event.get("type") == "websocket.close"]
    sent = next(iter(closes), None)
    if sent is None or wire.client_end:
        return
    code, reason = sent.event.get("code"), sent.event.get("reason") or ""
    got = frame_text(wire.server_close) if wire.server_close else exception_text(sent.raised)
    if code == 1010:
        yield claim("rfc6455.codes.client-only", True, "not specified", got)
        return
    if not _legal_from_app(code, reason):
        yield claim("asgi.close.illegal-code", True, "not specified", got)
        return
    # Where the server refused this one, and then took another from the framework, the frame is of that other.
    another = sent.raised is not None and any(later.returned for later in closes[1:])
    answer = None if another else wire.server_close
    over = sent.returned or sent.raised is not None or seen.waiting_in("outer.send") is not None
    if answer is None and not (wire.ended_by_server or (over and any(m.sound for m in seen.missed))):
        return
    got = frame_text(answer) if answer is not None else "no Close frame"
    if answer is None and sent.raised is not None:
        got += f", send() raised {exception_text(sent.raised)}"
    elif answer is None and (held := seen.waiting_in("outer.send")) and held.waits_in("outer.receive"):
        got += ", and send() had not ended by the deadline while another task waited in receive()"
    elif answer is None and "server.reset" in wire.ends:
        got += ", and a reset"
    elif answer is None and not sent.returned:
        got += ", and send() had not ended by the deadline"
    want = 1000 if code is None else code
    id = "asgi.close.default-code" if code is None else "asgi.close.code"
    yield claim(id, answer is not None and answer.get("code") == want, f"Close {want}", got)
    if answer is not None:
        held = answer.get("reason", "") == reason
        yield claim("asgi.close.reason", held, f"reason {reason!r}", f"reason {answer.get('reason', '')!r}")
        yield claim("asgi.close.reason-early", True, f"reason {reason!r}", f"reason {answer.get('reason', '')!r}")
        yield claim("rfc6455.close.started", True, "a Close frame begins the end", got)
        yield from _tcp(seen)
        yield from _unanswered(seen)
    elif sent.raised is None:
        yield claim("rfc6455.close.started", False, "a Close frame begins the end", got)


def _legal_from_app(code: Any, reason: Any) -> bool:
    if not isinstance(reason, str) or not (code is None or (isinstance(code, int) and 0 <= code <= MAXIMUM)):
        return False
    return not arrival(code, reason or None).fails


def _closes(sent: Sent) -> bool:
    """Whether a send is a close that the server has not refused."""
    return sent.event.get("type") == "websocket.close" and sent.raised is None


def application_over(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """The application ended without having closed, or without an answer to the handshake."""
    wire = seen.wire
    if not wire.opened:
        yield from _left_unanswered(seen, outer)
        return
    if outer.exit is None or wire.client_end or any(_closes(s) and s.returned for s in outer.sent):
        return
    over = wire.ended_by_server or wire.server_close is not None
    if not over and not any(m.sound and m.app.get("over") and m.wait in ("end", "close") for m in seen.missed):
        return
    observed = "it ended" if over else "it stayed open past the deadline"
    yield claim("asgi.application.ends-connection", over, "the connection ends", observed)
    if outer.exit["outcome"] == "raised":
        yield claim("asgi.application.error-ends-connection", over, "the connection ends", observed)
    if over:
        if outer.exit["outcome"] == "raised":
            code = frame_text(wire.server_close) if wire.server_close is not None else "no Close frame"
            yield claim("rfc6455.codes.error", True, "1011 fits", code)
        got = frame_text(wire.server_close) if wire.server_close is not None else "TCP ends without a Close frame"
        yield claim("rfc6455.close.handshake", wire.server_close is not None, "a closing handshake", got)
        if wire.server_close is not None and any(frame["opcode"] == "close" for frame in wire.sent):
            yield from _tcp(seen)


def _left_unanswered(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    """The application ended without an answer to the handshake, and the server leaves its client without one."""
    over = outer.exit is not None and seen.wire.response is None and not seen.wire.client_end
    if over and any(m.sound and m.app.get("over") and m.wait in ("end", "response") for m in seen.missed):
        expected, observed = "the connection ends", "no answer to the handshake, and it stayed open"
        yield claim("asgi.application.ends-connection", False, expected, observed)
