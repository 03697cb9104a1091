"""How a server fails a connection: the client broke the protocol, by a Close frame or by another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..close_codes import arrival
from .claims import Claim, frame_text
from .seen import AtBoundary, Frame, Seen
from .server_handshake import claim
from .server_messages import complete_messages


def failing(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    """What a server does with a connection on which the client broke the protocol."""
    wire = seen.wire
    over = wire.ended_by_server or wire.server_close is not None
    if not over and not any(m.owed for m in seen.missed):
        return
    observed = ", then ".join(end for end in wire.ends if end.startswith("server")) or "the connection stayed open"
    yield claim("rfc6455.fail.ends", over, "the connection ends", observed)
    for id in _breaches(wire.sent):
        yield claim(id, over, "the connection fails", observed)
    code = wire.server_close.get("code") if wire.server_close is not None else None
    got = frame_text(wire.server_close) if wire.server_close is not None else "no Close frame"
    held = code in (1002, 1007, 1009)
    if wire.server_close is None and left(outer):
        return
    yield claim("rfc6455.fail.close-frame", held, "Close 1002 or 1007", got)


def _breaches(frames: Sequence[Frame]) -> Iterator[str]:
    """Which rules of RFC 6455 the client's frames break, by the requirement on the server that sees it."""
    legal = True
    for frame in frames:
        if frame.get("masked") is False:
            yield "rfc6455.frames.client-masked"
        elif frame.get("rsv"):
            yield "rfc6455.frames.reserved-bits"
        elif frame["opcode"].startswith("0x"):
            yield "rfc6455.frames.unknown-opcode"
        elif frame["opcode"] in ("ping", "pong", "close"):
            if not frame["fin"] or _length(frame) > 125:
                yield "rfc6455.control.received-illegal"
        else:
            continue
        legal = legal and frame["opcode"] in ("ping", "pong", "close")
    if legal and _out_of_order(frames):
        yield "rfc6455.fragments.received-illegal"
    elif legal and not complete_messages(frames)[1] and any(f["opcode"] == "text" for f in frames):
        yield "rfc6455.utf8.fail"


def broken_frame(seen: Seen) -> bool:
    return not complete_messages(seen.wire.sent)[1]


def _out_of_order(frames: Sequence[Frame]) -> bool:
    """Whether a continuation continues nothing, or a message begins within another."""
    unfinished = False
    for frame in frames:
        if frame["opcode"] in ("text", "binary", "continuation"):
            if unfinished != (frame["opcode"] == "continuation"):
                return True
            unfinished = not frame["fin"]
    return False


def _length(frame: Frame) -> int:
    payload = frame["payload"]
    return len(payload.get("hex", "")) // 2 if isinstance(payload, dict) and "hex" in payload else 126


def illegal(frame: Frame) -> bool:
    """Whether this Close of the client breaks the protocol: its code, its reason or its length."""
    payload = frame["payload"]
    body = bytes.fromhex(payload["hex"]) if "hex" in payload else b"?" * 200
    if not frame.get("fin", True) or frame.get("rsv") or frame.get("masked") is False or len(body) > 125:
        return True
    return len(body) == 1 or arrival(frame.get("code"), body[2:] or None).fails


def left(outer: AtBoundary) -> bool:
    """Whether the application was over without having been told of an end: then the end may be that of its own."""
    ended = outer.exit is not None and outer.exit["outcome"] != "cancelled"
    return ended and not any(e.get("type") == "websocket.disconnect" for e in outer.received)
