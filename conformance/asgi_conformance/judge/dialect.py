"""A framework other than Starlette judged on its own input, by what its own documents say (requirements/*.toml).

Each topic is one relation between what the framework was given at the inner boundary and what its public API made of it. A
framework is held to a topic where its document has it: ``falcon.disconnect.code`` holds Falcon to ``disconnect.code``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import requirements
from ..dialects import DIALECTS, Dialect
from ..model import Case, Layer
from ..values import observed
from .claims import Claim, event_text, exception_text, shown
from .framework import FIELDS
from .seen import Event, Operation, Seen, Sent

# What a relation says: whether it held, what was expected, what was seen.
Says = tuple[bool, str, str]
_RECEIVING = ("receive_text", "receive_bytes", "receive_json", "receive", "iterate")


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of the app lane: what it was asked, how it ended, and what passed inside meanwhile.

    ``event``: the message or the disconnect that a receiving operation met, None where it met none. ``sent``: what it passed on.
    """

    dialect: Dialect
    op: str
    args: Mapping[str, Any]
    ended: Operation
    event: Event | None
    sent: tuple[Sent, ...]

    @property
    def result(self) -> str:
        """How the operation ended, for a person."""
        if self.ended.raised is not None:
            return f"{self.op}() raised {exception_text(self.ended.raised)}"
        return f"{self.op}() returned {shown(self.ended.returned)}"

    @property
    def gone(self) -> bool:
        """Whether what a receiving operation met is the end."""
        return self.event is not None and self.event["type"] == "websocket.disconnect"


Relation = Callable[[Call], Iterator[Says]]
Whole = Callable[[Case, Seen, Dialect], Iterator[Says]]


def dialect(case: Case, seen: Seen, name: str) -> Iterator[Claim]:
    """All claims about the framework of that name in one trace of a probe."""
    known, table = requirements.load(), DIALECTS[name]
    if seen.inner is None:
        return
    held_to = {topic: f"{name}.{topic}" for topic in (*TOPICS, *WHOLE) if f"{name}.{topic}" in known}
    for call in calls(case, seen, table):
        for topic, relation in TOPICS.items():
            for held, expected, got in relation(call) if topic in held_to else ():
                yield Claim(held_to[topic], held, Layer.FRAMEWORK, "app", expected, got)
    for topic, whole in WHOLE.items():
        for held, expected, got in whole(case, seen, table) if topic in held_to else ():
            yield Claim(held_to[topic], held, Layer.FRAMEWORK, "inner", expected, got)


def calls(case: Case, seen: Seen, table: Dialect) -> Iterator[Call]:
    """The operations in their order, each receiving one with the next event that the framework was given.

    Some frameworks read ahead in a task of their own, so it is the order that tells which event an operation met.
    """
    inner = seen.inner
    assert inner is not None
    events = [event for event in inner.received if event["type"] != "websocket.connect"]
    for operation in seen.operations:
        event = None
        if operation.op in _RECEIVING and events:
            gone = events[0]["type"] == "websocket.disconnect"
            event = events[0] if gone else events.pop(0)
        args = case.steps[operation.step].args.get("args") or {}
        sent = tuple(one for one in inner.sent if one.step == operation.step)
        yield Call(table, operation.op, args, operation, event, sent)


def _text(call: Call) -> Iterator[Says]:
    yield from _received(call, "receive_text", "text")


def _bytes(call: Call) -> Iterator[Says]:
    yield from _received(call, "receive_bytes", "bytes")


def _received(call: Call, op: str, key: str) -> Iterator[Says]:
    if call.op == op and call.event is not None and not call.gone and call.event.get(key) is not None:
        want = call.event[key]
        held = call.ended.raised is None and call.ended.returned == want
        yield held, f"{op}() returns {shown(want)}", call.result


def _json(call: Call) -> Iterator[Says]:
    if call.op != "receive_json" or call.event is None or call.gone:
        return
    text = call.event.get("text")
    if text is None and call.event.get("bytes") is not None and "hex" in call.event["bytes"]:
        text = bytes.fromhex(call.event["bytes"]["hex"]).decode("utf-8", "replace")
    try:
        want = observed(json.loads(text)) if isinstance(text, str) else None
    except ValueError:
        return
    if want is not None:
        held = call.ended.raised is None and call.ended.returned == want
        yield held, f"receive_json() returns {shown(want)}", call.result


def _wrong_type(call: Call) -> Iterator[Says]:
    keys = {"receive_text": "text", "receive_bytes": "bytes"}
    if call.op in keys and call.event is not None and not call.gone and call.event.get(keys[call.op]) is None:
        yield _raised(call, call.dialect.wrong_type), f"{call.op}() raises {call.dialect.wrong_type}", call.result


def _raised(call: Call, kind: str) -> bool:
    return call.ended.raised is not None and kind in call.ended.raised["mro"]


def _disconnected(call: Call) -> Iterator[Says]:
    if call.gone:
        kind = call.dialect.disconnect
        if kind:
            yield _raised(call, kind), f"{call.op}() raises {kind}", call.result
        else:
            held = call.ended.raised is None and call.ended.returned is None
            yield held, f"{call.op}() returns None", call.result


def _disconnect_code(call: Call) -> Iterator[Says]:
    if call.gone and call.event is not None and _raised(call, call.dialect.disconnect):
        want, got = call.event.get("code", 1005), (call.ended.raised or {}).get("code")
        if want is not None:
            yield got == want, f"code={shown(want)}", f"code={shown(got)}"


def _disconnect_reason(call: Call) -> Iterator[Says]:
    if call.gone and call.event is not None and _raised(call, call.dialect.disconnect):
        want, got = call.event.get("reason") or "", (call.ended.raised or {}).get("reason")
        yield got == want, f"reason={shown(want)}", f"reason={shown(got)}"


def _iter_ends(call: Call) -> Iterator[Says]:
    if call.op == "iterate" and call.event is not None and not call.args.get("limit"):
        yield call.ended.raised is None, "the iteration ends without an exception", call.result


def _sends(op: str, type: str, field: str | None = None) -> Relation:
    """``op`` passes on one event of this type; ``field``: the relation of framework.py that its content obeys."""

    def relation(call: Call) -> Iterator[Says]:
        lost = any(one.raised is not None for one in call.sent)
        if call.op != op or lost or call.ended.raised is not None or call.ended.attempts > 1:
            return
        events = [one.event for one in call.sent]
        if [event.get("type") for event in events][:1] != [type]:
            got = ", ".join(str(event.get("type")) for event in events) or "nothing"
            yield False, f"{op}() sends {type}", f"{op}() returned, and it sent {got}"
        elif field is not None:
            yield FIELDS[field]({**_defaults(call), **call.args}, events)
        else:
            yield True, f"{op}() sends {type}", event_text(events[0])

    return relation


def _defaults(call: Call) -> Mapping[str, Any]:
    return {"code": call.dialect.close_code} if call.op == "close" else {}


def _send_lost(call: Call) -> Iterator[Says]:
    if call.op.startswith("send_") and any(one.raised is not None for one in call.sent):
        yield _raised(call, call.dialect.lost), f"{call.op}() raises {call.dialect.lost}", call.result


def _state(moment: str, when: Callable[[Call], bool]) -> Relation:
    """After the operations for which ``when`` holds the public states are those of that moment."""

    def relation(call: Call) -> Iterator[Says]:
        if when(call) and moment in call.dialect.states:
            want = dict(call.dialect.states[moment])
            got = {key: call.ended.public.get(key) for key in want}
            yield got == want, f"{call.op}() leaves {_states(want)}", _states(got)

    return relation


def _states(states: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in states.items())


def _went(op: str) -> Callable[[Call], bool]:
    return lambda call: call.op == op and call.ended.raised is None


TOPICS: Mapping[str, Relation] = {
    "accept.sent": _sends("accept", "websocket.accept"),
    "accept.subprotocol": _sends("accept", "websocket.accept", "starlette.accept.subprotocol"),
    "accept.headers": _sends("accept", "websocket.accept", "starlette.accept.headers"),
    "receive.text": _text,
    "receive.bytes": _bytes,
    "receive.json": _json,
    "receive.wrong-type": _wrong_type,
    "iter.ends": _iter_ends,
    "disconnect.raised": _disconnected,
    "disconnect.code": _disconnect_code,
    "disconnect.reason": _disconnect_reason,
    "send.text": _sends("send_text", "websocket.send", "starlette.send.text"),
    "send.bytes": _sends("send_bytes", "websocket.send", "starlette.send.bytes"),
    "send.json": _sends("send_json", "websocket.send", "starlette.send.json"),
    "send.lost": _send_lost,
    "close.sent": _sends("close", "websocket.close"),
    "close.code": _sends("close", "websocket.close", "starlette.close.code"),
    "close.reason": _sends("close", "websocket.close", "starlette.close.reason"),
    "denial.sent": _sends("deny", "websocket.http.response.start", "starlette.denial.sent"),
    "state.accepted": _state("accepted", _went("accept")),
    "state.disconnected": _state("disconnected", lambda call: call.gone),
    "state.closed": _state("closed", _went("close")),
}


def _handler_error(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """What the framework sends for a handler that raises once the connection is open."""
    ended = [o.data for o in seen.trace.at("app", "exit")]
    inner = seen.inner
    if not ended or ended[0].get("outcome") != "raised" or inner is None or table.error_code is None:
        return
    if any(event["type"] == "websocket.disconnect" for event in inner.received):
        return
    types = [one.event.get("type") for one in inner.sent]
    if "websocket.accept" in types and "websocket.close" not in types[:-1]:
        last = inner.sent[-1].event
        held = last.get("type") == "websocket.close" and last.get("code") == table.error_code
        yield held, f"websocket.close code={table.error_code}", event_text(last)


WHOLE: Mapping[str, Whole] = {"handler.error": _handler_error}
