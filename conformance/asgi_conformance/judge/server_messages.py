"""The server's messages: what travels from the wire to the application, and from the application to the wire."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from ..values import LONG
from .application_messages import wrong_types
from .claims import Claim, event_text, exception_text, shown
from .seen import AtBoundary, Frame, Seen, Sent
from .server_handshake import claim

Message = tuple[str, Any]


def frames(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """How the server's frames are made."""
    if not seen.wire.opened:
        return
    control = [frame for frame in seen.wire.received if frame["opcode"] in ("close", "ping", "pong")]
    if control:
        whole = all(frame["fin"] for frame in control)
        observed = "whole" if whole else "a fragment of one"
        yield claim("rfc6455.control.unfragmented", whole, "control frames that are whole", observed)
    masked = [frame for frame in seen.wire.received if frame.get("masked")]
    if seen.wire.received:
        observed = "a masked frame" if masked else "unmasked"
        yield claim("rfc6455.frames.server-unmasked", not masked, "unmasked frames", observed)


def _after_accept(seen: Seen) -> Iterator[Claim]:
    """Whether the first message was passed only once the application had accepted."""
    kinds = [str(o.data["event"].get("type")) for o in seen.at("outer", "receive", "send")]
    if "websocket.receive" in kinds:
        held = "websocket.accept" in kinds[: kinds.index("websocket.receive")]
        observed = "after the accept" if held else "websocket.receive before the accept"
        yield claim("asgi.receive.after-accept", held, "messages only after the accept", observed, "outer")


def _joined(parts: Sequence[Any], text: bool) -> Any:
    """The whole of a fragmented message as an observation writes it; None where a part is only known by digest."""
    raw = b""
    for part in parts:
        if isinstance(part, str):
            raw += part.encode("utf-8", "surrogatepass")
        elif isinstance(part, dict) and "hex" in part:
            raw += bytes.fromhex(part["hex"])
        else:
            return None
    if text:
        try:
            value = raw.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if len(value) <= LONG:
            return value
        return {"$": "text", "len": len(value), "sha256": hashlib.sha256(raw).hexdigest()}
    if len(raw) <= LONG:
        return {"$": "bytes", "hex": raw.hex()}
    return {"$": "bytes", "len": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def complete_messages(frames: Sequence[Frame]) -> tuple[list[tuple[Message, bool]], bool]:
    """The whole messages that a side put on the wire before its Close, each with whether it was fragmented.

    The flag says whether all frames up to there were legal; what follows an illegal one is not a message.
    """
    out: list[tuple[Message, bool]] = []
    parts: list[Any] = []
    kind = ""
    for frame in frames:
        opcode = frame["opcode"]
        if opcode == "close":
            break
        if opcode in ("ping", "pong"):
            if (
                not frame["fin"]
                or frame.get("rsv")
                or "sha256" in frame["payload"]
                or len(frame["payload"]["hex"]) > 250
            ):
                return out, False
            continue
        if opcode not in ("text", "binary", "continuation") or frame.get("rsv") or frame.get("masked") is False:
            return out, False
        if (opcode == "continuation") != bool(kind):
            return out, False
        if opcode != "continuation":
            kind, parts = ("text" if opcode == "text" else "bytes"), []
        parts.append(frame["payload"])
        if frame["fin"]:
            whole = parts[0] if len(parts) == 1 else _joined(parts, kind == "text")
            if whole is None or (kind == "text" and not _is_text(whole)):
                return out, False
            out.append(((kind, whole), len(parts) > 1))
            kind = ""
    return out, True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and value.get("$") == "text")


def incoming(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """What the client has sent, as the application gets it."""
    if not seen.wire.opened:
        return
    sent, legal = complete_messages(seen.wire.sent)
    events = [event for event in outer.received if event.get("type") == "websocket.receive"]
    for event in events:
        filled = [key for key in ("text", "bytes") if event.get(key) is not None]
        yield claim(
            "asgi.receive.one-of", len(filled) == 1, "exactly one of text and bytes", event_text(event), "outer"
        )
    if not legal and len(seen.wire.sent) > len(sent) + 1 and outer.received:
        late = events[len(sent) :]
        observed = event_text(late[0]) if late else "nothing"
        yield claim("rfc6455.fail.no-further-data", not late, "nothing after the failure", observed, "outer")
    for index, event in enumerate(events):
        if index >= len(sent):
            if legal and not any(entry.kind == "sent.raw" for entry in seen.wire.entries):
                expected = f"{len(sent)} messages, as many as were sent"
                yield claim("asgi.receive.in-order", False, expected, f"one more: {event_text(event)}", "outer")
            break
        (kind, value), fragmented = sent[index]
        held = event.get(kind) == value and event.get("bytes" if kind == "text" else "text") is None
        expected = f"websocket.receive {kind}={shown(value)}"
        yield claim("asgi.receive." + kind, held, expected, event_text(event), "outer")
        if fragmented:
            yield claim("rfc6455.fragments.reassembled", held, expected, event_text(event), "outer")
            yield claim("asgi.fragments.complete", held, expected, event_text(event), "outer")
    if len(sent) > 1 and len(events) > 1:
        got = [("text", e["text"]) if e.get("text") is not None else ("bytes", e.get("bytes")) for e in events]
        held = got == [message for message, _ in sent][: len(got)]
        yield claim("asgi.receive.in-order", held, "the messages in their order", _order_text(held), "outer")
    yield from _lost(seen, outer, sent, events, legal)
    yield from _after_accept(seen)


def _order_text(held: bool) -> str:
    return "in their order" if held else "another order or other messages"


def _lost(seen: Seen, outer: AtBoundary, sent: Sequence[Any], events: Sequence[Any], legal: bool) -> Iterator[Claim]:
    """A message that was sent and is gone: the application was given the disconnect, or waits in vain."""
    if len(events) >= len(sent) or any(s.event.get("type") == "websocket.close" for s in outer.sent):
        return
    (kind, value), fragmented = sent[len(events)]
    disconnected = any(event.get("type") == "websocket.disconnect" for event in outer.received)
    waiting = seen.waiting_in("outer.receive")
    skipped = disconnected and legal and seen.wire.client_end in ("", "close")
    if skipped or waiting or outer.receive_raised:
        expected = f"websocket.receive {kind}={shown(value)}"
        observed = "websocket.disconnect instead" if disconnected else "no event within the deadline"
        if outer.receive_raised:
            observed = f"receive() raised {exception_text(outer.receive_raised[0])}"
        yield claim("asgi.receive." + kind, False, expected, observed, "outer")
        if fragmented:
            yield claim("rfc6455.fragments.reassembled", False, expected, observed, "outer")
            yield claim("asgi.fragments.complete", False, expected, observed, "outer")
        if len(sent) > 1:
            yield claim("asgi.receive.in-order", False, expected, observed, "outer")


def outgoing(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """What the application has sent, as the client gets it."""
    if not seen.wire.opened or any(wrong_types(s.event) for s in outer.sent):
        return  # what a server makes of an event that is none is its own affair
    received, _ = complete_messages(seen.wire.received)
    sends = _taken(outer, [message for message, _ in received])
    yield from _refused(seen, outer)
    for index, send in enumerate(sends):
        kind, value = _content(send)
        expected = f"a {kind} message {shown(value)}"
        if index < len(received):
            (got_kind, got), _ = received[index]
            held = (got_kind, got) == (kind, value)
            yield claim("asgi.send." + kind, held, expected, f"a {got_kind} message {shown(got)}")
        elif _must_have_arrived(seen):
            yield claim("asgi.send." + kind, False, expected, "no message")
    if len(received) > len(sends):
        (got_kind, got), _ = received[len(sends)]
        expected = f"{len(sends)} messages, as many as were sent"
        yield claim("asgi.send.in-order", False, expected, f"one more: {got_kind} {shown(got)}")
    elif len(sends) > 1 and len(received) > 1:
        want = [_content(send) for send in sends]
        held = want[: len(received)] == [message for message, _ in received]
        yield claim("asgi.send.in-order", held, "the messages in their order", _order_text(held))


def _content(send: Sent) -> Message:
    kind = "bytes" if send.event.get("bytes") is not None else "text"
    return kind, send.event.get(kind)


def _taken(outer: AtBoundary, received: Sequence[Message]) -> list[Sent]:
    """The sends whose messages are due, in their order: what returned, and of the rest what the client did receive."""
    taken: list[Sent] = []
    for send in outer.sent:
        if send.event.get("type") == "websocket.send" and (
            send.returned or received[len(taken) : len(taken) + 1] == [_content(send)]
        ):
            taken.append(send)
    return taken


def _refused(seen: Seen, outer: AtBoundary) -> Iterator[Claim]:
    """A message that the server does not take though the connection is open."""
    wire = seen.wire
    for send in outer.sent:
        if send.event.get("type") == "websocket.close":
            return
        over = wire.client_end or wire.server_close is not None
        if send.event.get("type") != "websocket.send" or send.raised is None or over:
            continue
        kind = "bytes" if send.event.get("bytes") is not None else "text"
        expected = f"a {kind} message {shown(send.event.get(kind))}"
        observed = f"send() raised {exception_text(send.raised)}"
        yield claim("asgi.send." + kind, False, expected, observed, "outer")


def _must_have_arrived(seen: Seen) -> bool:
    """Whether nothing but the server can have kept a message: the client read to the end and ended nothing itself."""
    # A reset throws away what was under way, on either side.
    if seen.wire.client_end or "server.reset" in seen.wire.ends:
        return False
    return seen.wire.ended_by_server or seen.wire.server_close is not None or any(m.sound for m in seen.missed)


def pongs(seen: Seen, outer: AtBoundary, spec_version: str) -> Iterator[Claim]:
    """The client's pings and what becomes of them."""
    if not seen.wire.opened:
        return
    fragments = [f["opcode"] for f in seen.wire.sent]
    between = "continuation" in fragments and "ping" in fragments
    pings = [frame for frame in seen.wire.sent if frame["opcode"] == "ping" and frame["fin"] and not frame.get("rsv")]
    answers = [frame["payload"] for frame in seen.wire.received if frame["opcode"] == "pong"]
    for ping in pings:
        held = ping["payload"] in answers
        if held or _must_have_arrived(seen):
            expected = f"Pong {shown(ping['payload'])}"
            got = expected if held else f"pongs {[shown(p) for p in answers]}"
            yield claim("rfc6455.ping.pong", held, expected, got)
            if between:
                yield claim("rfc6455.fragments.control-between", held, expected, got)
    shows = any(str(event.get("type")).rpartition(".")[2] in ("ping", "pong") for event in outer.received)
    if pings or any(frame["opcode"] == "pong" for frame in seen.wire.sent):
        expected = "no event for a ping" if pings else "no event for a pong"
        yield claim("asgi.ping.handled", not shows, expected, "one" if shows else "none", "outer")
