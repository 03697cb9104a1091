"""The wire of a deployed endpoint becomes findings. Pure, and never about what an application may choose.

An application may refuse, send, stay silent, read nothing, and close when and as it likes. So what it could have done
is not judged; only what no application can bring about is a breach.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..judge import Context, Judgement
from ..judge.claims import Claim, first_breach, frame_text
from ..judge.seen import LATE_US, Seen, Wire, read
from ..judge.server_handshake import claim
from ..judge.verdict import concerns, finding
from ..model import Case, Layer, Observation, Trace, Verdict, worst

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_RESERVED = (1005, 1006, 1015)
_FITTING = (1002, 1007)
_MANY = 100
_DATA = ("text", "binary", "continuation")


def late_itself(trace: Trace) -> Observation | None:
    """A deadline that passed while this machine was late: it proves nothing."""
    return next((o for o in trace.at("client", "deadline") if o.data["own_lag_us"] > LATE_US), None)


def judge(case: Case, trace: Trace, context: Context) -> Judgement:
    """Judge one connection to an endpoint."""
    seen = read(trace)
    if (late := late_itself(trace)) is not None:
        reason = f"the wait for {late.data['wait']} was too long, but this machine was late itself: nothing is proved"
        return Judgement(Verdict.ERROR, Layer.SUITE, (), reason)
    if seen.failed and not trace.at("wire", "connect"):
        # The endpoint was there when the run began. Why it is not now, a client cannot tell.
        return Judgement(Verdict.ERROR, Layer.SUITE, (), f"cannot connect any more: {seen.failed[0]['why']}")
    claims = first_breach(c for c in _claims(case, seen) if concerns(c, case))
    findings = tuple(f for c in claims if (f := finding(c, case, context)) is not None)
    breached = {f.requirement for f in findings if f.verdict not in (Verdict.PASS, Verdict.NOTE)}
    kept = tuple(f for f in findings if f.requirement not in breached or f.verdict not in (Verdict.PASS, Verdict.NOTE))
    if not kept:
        return Judgement(Verdict.SKIP, None, (), _undecided(seen))
    verdict = worst(f.verdict for f in kept)
    return Judgement(verdict, Layer.SERVER if verdict in (Verdict.FAIL, Verdict.WARN) else None, kept)


def _claims(case: Case, seen: Seen) -> Iterator[Claim]:
    wire = seen.wire
    yield from _handshake(case, wire.request, wire.response)
    again = {o.kind: o.data for o in seen.trace.at("again", "request", "response")}
    yield from _handshake(case, again.get("request"), again.get("response"))
    if not wire.opened:
        return
    yield from _conduct(wire)
    if case.tags.get("fails"):
        yield from _failing(case, seen)
        return
    yield from _pongs(case, seen)
    yield from _closing(seen)


def _handshake(case: Case, request: Mapping[str, Any] | None, response: Mapping[str, Any] | None) -> Iterator[Claim]:
    if request is None or response is None:
        return
    status = int(response["status"])
    if "version" in case.tags:
        yield claim("rfc6455.handshake.version", status != 101, "an HTTP error", f"HTTP {status}")
        # What else may be answered may have another cause: a limit, say, or an endpoint that is away.
        if status in (400, 426):
            versions = _values(response, "sec-websocket-version")
            held = "13" in ",".join(versions).replace(" ", "").split(",")
            observed = f"HTTP {status} with {', '.join(versions)}" if versions else f"HTTP {status} without it"
            yield claim("rfc6455.handshake.version-named", held, "Sec-WebSocket-Version: 13", observed)
        return
    if status != 101:
        return
    key = "".join(_values(request, "sec-websocket-key"))
    due = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
    given = [*_values(response, "sec-websocket-accept"), *_values(response, "upgrade")]
    named = "upgrade" in ",".join(_values(response, "connection")).lower().replace(" ", "").split(",")
    held = [value.strip() for value in given[:1]] == [due] and [v.lower() for v in given[1:]] == ["websocket"] and named
    right = "101 with Upgrade, Connection and the Sec-WebSocket-Accept of the key"
    yield claim("rfc6455.handshake.accept", held, right, "just that" if held else f"101 with {given}")
    extensions = _values(response, "sec-websocket-extensions")
    none = "no extension"
    yield claim("rfc6455.handshake.extensions", not extensions, none, ", ".join(extensions) or none)
    offered = [name.strip() for value in _values(request, "sec-websocket-protocol") for name in value.split(",")]
    chosen = _values(response, "sec-websocket-protocol")
    expected = f"none, or one of {', '.join(offered)}" if offered else "no subprotocol"
    held = len(chosen) < 2 and set(chosen) <= set(offered)
    yield claim("rfc6455.handshake.subprotocol", held, expected, ", ".join(chosen) or "no subprotocol")


def _values(message: Mapping[str, Any], name: str) -> list[str]:
    return [value for key, value in message["headers"] if key.lower() == name]


def _conduct(wire: Wire) -> Iterator[Claim]:
    """What holds of every frame that an endpoint sends, whatever its application asked for."""
    for frame in wire.received:
        yield claim("rfc6455.frames.server-unmasked", not frame.get("masked"), "no mask", frame_text(frame))
        if frame["opcode"] not in ("close", "ping", "pong"):
            continue
        whole = "whole" if frame["fin"] else "a fragment of one"
        yield claim("rfc6455.control.unfragmented", frame["fin"], "control frames that are whole", whole)
        if frame["opcode"] != "close":
            continue
        code, length = frame.get("code"), int(frame.get("length", 0))
        shown = frame_text(frame)
        yield claim("rfc6455.codes.reserved-not-sent", code not in _RESERVED, "no 1005, 1006, 1015", shown)
        yield claim("rfc6455.codes.range", code is None or 1000 <= code <= 4999, "a code from 1000 to 4999", shown)
        yield claim("rfc6455.control.length", length <= 125, "at most 125 bytes", f"{length} bytes")
        text = "\\x" not in str(frame.get("reason", ""))
        yield claim("rfc6455.close.body", length != 1 and text, "a code and UTF-8, or nothing", shown)
    opcodes = [frame["opcode"] for frame in wire.received]
    if "close" in opcodes:
        after = [opcode for opcode in opcodes[opcodes.index("close") + 1 :] if opcode in _DATA]
        none = "nothing after the Close frame"
        yield claim("rfc6455.close.no-data-after", not after, none, ", ".join(after) or none)


def _pongs(case: Case, seen: Seen) -> Iterator[Claim]:
    wire = seen.wire
    pings = [o for o in wire.entries if o.kind == "sent" and o.data["opcode"] == "ping"]
    if not pings:
        return
    place, payload = wire.entries.index(pings[0]), pings[0].data["payload"]
    ponged = any(f["opcode"] == "pong" and f["payload"] == payload for f in wire.received)
    between = "rfc6455.fragments.control-between"
    id = between if between in case.requires else "rfc6455.ping.pong"
    if case.tags.get("message"):
        if ponged:
            taken = "the ping behind the message is answered"
            yield claim("rfc6455.fragments.both-supported", True, taken, taken)
        # A Close of any code may be the application's. An end without one is nobody's right.
        elif wire.server_close is None and wire.client_close is None and _ended(seen):
            expected, observed = "a Close frame before the end", "TCP ended without a Close frame"
            yield claim("rfc6455.close.handshake", False, expected, observed)
        if ponged or wire.server_close is not None:
            observed = "open" if ponged else "a Close frame"
            yield claim("rfc6455.close.handshake", True, "open, or a Close frame", observed)
    elif ponged:
        yield claim(id, True, "a pong with the ping's bytes", "just that")
    elif _waited(seen, "pong") and not _closed_before(wire, len(wire.entries)):
        arrived = [o.data for o in wire.entries[place:] if o.kind == "received"]
        others = [frame_text(frame) for frame in arrived if frame["opcode"] == "pong"]
        yield claim(id, False, "a pong with the ping's bytes", ", ".join(others) or "no pong")


def _closing(seen: Seen) -> Iterator[Claim]:
    wire = seen.wire
    own, theirs = wire.client_close, wire.server_close
    if own is None:
        return
    first = wire.ends.index("client.close")
    if theirs is None or wire.ends.index("server.close") > first:
        if theirs is not None:
            yield claim("rfc6455.close.echo", True, "a Close frame", frame_text(theirs))
            yield claim("rfc6455.close.echo-prompt", True, "at once", "within its deadline")
            same = theirs.get("code") == own.get("code")
            yield claim("rfc6455.close.echo-code", same, frame_text(own), frame_text(theirs))
        elif _ended(seen):
            yield claim("rfc6455.close.echo", False, "a Close frame", "TCP ended without a Close frame")
        elif _waited(seen, "close"):
            # An application that receives nothing may keep a server from answering.
            yield claim("rfc6455.close.echo-prompt", False, "at once", "no Close frame within its deadline")
    if theirs is not None and (_ended(seen) or _waited(seen, "end")):
        observed = "TCP ended" if _ended(seen) else "TCP still open at the deadline"
        yield claim("rfc6455.close.tcp-closed", _ended(seen), "TCP ends", observed)


def _failing(case: Case, seen: Seen) -> Iterator[Claim]:
    wire = seen.wire
    sent = [o for o in wire.entries if o.kind == "sent" and o.data["opcode"] not in ("close", "pong")]
    if not sent or _flooded(wire) or _closed_before(wire, wire.entries.index(sent[0])):
        return
    close, ended = wire.server_close, _ended(seen)
    if not ended and not _waited(seen, "end"):
        return
    if close is not None and close.get("code") not in _FITTING:
        return  # it may be the application's, which was closing at that moment
    observed = f"{frame_text(close)}, " if close is not None else ""
    observed += "TCP ended" if ended else "the connection goes on"
    for id in case.requires:
        if id not in ("rfc6455.fail.close-frame",):
            yield claim(id, ended, "the connection ends", observed)
    if ended:
        shown = frame_text(close) if close is not None else "no Close frame"
        yield claim("rfc6455.fail.close-frame", close is not None, "a Close frame with 1002 or 1007", shown)


def _ended(seen: Seen) -> bool:
    """Whether the endpoint's side ended TCP, before this client did."""
    step = any(step["op"] == "ended" for step in seen.client_steps)
    return step or any(end in ("server.eof", "server.reset") for end in seen.wire.ends)


def _waited(seen: Seen, wait: str) -> bool:
    """Whether a wait was in vain, and not for what stands behind a flood of the application's own."""
    return not _flooded(seen.wire) and any(o.data["wait"] == wait for o in seen.trace.at("client", "deadline"))


def _flooded(wire: Wire) -> bool:
    """Whether the application sends so much unasked that nothing is known of what stands behind it."""
    return sum(f["opcode"] in _DATA for f in wire.received) > _MANY or any(o.kind == "flooded" for o in wire.entries)


def _closed_before(wire: Wire, place: int) -> bool:
    before: tuple[Observation, ...] = wire.entries[:place]
    return any(o.kind == "received" and o.data["opcode"] == "close" for o in before)


def _undecided(seen: Seen) -> str:
    wire = seen.wire
    if wire.status is not None and wire.status != 101:
        return f"not judged: the endpoint answered the handshake with {wire.status}, which it may"
    if wire.server_close is not None:
        return f"not judged: the endpoint closed first ({frame_text(wire.server_close)}), which its application may"
    for o in seen.trace.at("client", "deadline"):
        return f"not judged: the wait for {o.data['wait']} passed its deadline of {o.data['seconds']:g} s"
    for failed in seen.failed:
        return f"not judged: {failed['why']} (client step {failed['op']})"
    return "not judged: nothing of what this case decides was to be seen"
