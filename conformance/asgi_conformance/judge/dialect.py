"""A framework other than Starlette judged on its own input, by what its own documents say (requirements/*.toml).

Each topic is one relation between what the framework was given at the inner boundary and what its public API made of
it. A framework is held to a topic where its document has it: ``falcon.disconnect.code`` holds Falcon to
``disconnect.code``.
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
from .dialect_ends import WHOLE, Says, gone
from .framework import FIELDS
from .seen import Event, Operation, Seen, Sent

UNSAID = "no document says what"
_RECEIVING = ("receive_text", "receive_bytes", "receive_json", "receive", "iterate")


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of the app lane: what it was asked, how it ended, and what passed inside meanwhile.

    ``event``: the message or the disconnect that a receiving operation met, None where it met none. ``sent``: what it
    passed on. ``before``: the operations before it. ``left``: the framework was told at any time that the client left.
    ``late``: this operation sent something after that.
    """

    dialect: Dialect
    op: str
    args: Mapping[str, Any]
    ended: Operation
    event: Event | None
    sent: tuple[Sent, ...]
    before: tuple[Operation, ...] = ()
    left: bool = False
    late: bool = False

    @property
    def over(self) -> bool:
        """Whether the handler had closed before."""
        return any(one.op == "close" and one.raised is None for one in self.before)

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
    for topic, expected, got in _never_returned(case, seen):
        if topic in held_to:
            yield Claim(held_to[topic], False, Layer.FRAMEWORK, "app", expected, got)
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
    for place, operation in enumerate(seen.operations):
        event = None
        if operation.op in _RECEIVING and events:
            last = events[0]["type"] == "websocket.disconnect"
            event = events[0] if last else events.pop(0)
        args = case.steps[operation.step].args.get("args") or {}
        sent = tuple(one for one in inner.sent if one.step == operation.step)
        before, late = seen.operations[:place], operation.step in _late(seen)
        yield Call(table, operation.op, args, operation, event, sent, before, gone(inner), late)


def _late(seen: Seen) -> set[int | None]:
    """The steps in which the framework sent something though it had received the disconnect."""
    steps: set[int | None] = set()
    told = False
    for o in seen.at("inner"):
        told = told or (o.kind == "receive" and o.data["event"].get("type") == "websocket.disconnect")
        if told and o.kind == "send":
            steps.add(o.data.get("step"))
    return steps


_TOPIC_OF = {"receive_text": "receive.text", "receive_bytes": "receive.bytes", "receive_json": "receive.json"}


def _never_returned(case: Case, seen: Seen) -> Iterator[tuple[str, str, str]]:
    """A receiving operation that still waits though its framework was given an event: the topic, expected, seen."""
    missed = next((m for m in seen.missed if m.sound and not m.waits_in("barrier")), None)
    index = missed.app.get("step") if missed is not None else None
    if index is None or any(operation.step == index for operation in seen.operations) or seen.inner is None:
        return
    op = case.steps[index].op
    taken = sum(operation.op in _RECEIVING for operation in seen.operations)
    events = [event for event in seen.inner.received if event["type"] != "websocket.connect"][taken:]
    if op in _TOPIC_OF and events:
        last = events[0]["type"] == "websocket.disconnect"
        topic = "disconnect.raised" if last else _TOPIC_OF[op]
        yield topic, f"{op}() ends with {event_text(events[0])}", f"{op}() had not ended at the deadline"


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
    if not isinstance(text, str):
        return
    try:
        want = observed(json.loads(text))
    except ValueError:
        return
    held = call.ended.raised is None and call.ended.returned == want
    yield held, f"receive_json() returns {shown(want)}", call.result


def _wrong_type(call: Call) -> Iterator[Says]:
    keys = {"receive_text": "text", "receive_bytes": "bytes"}
    if call.op in keys and call.event is not None and not call.gone and call.event.get(keys[call.op]) is None:
        kind = call.dialect.wrong_type
        yield _raised(call, kind), f"{call.op}() raises {kind}" if kind else UNSAID, call.result


def _raised(call: Call, kind: str) -> bool:
    return call.ended.raised is not None and kind in call.ended.raised["mro"]


def _disconnected(call: Call) -> Iterator[Says]:
    raw = call.op == "receive" and isinstance(call.ended.returned, Mapping)  # the event itself, as ASGI has it
    if call.gone and not raw:
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
    began = call.event is not None or call.ended.raised is not None
    if call.op == "iterate" and began and not call.args.get("limit"):
        yield call.ended.raised is None, "the iteration ends without an exception", call.result


def _sends(op: str, type: str, field: str | None = None) -> Relation:
    """``op`` passes on one event of this type; ``field``: the relation of framework.py that its content obeys."""

    def relation(call: Call) -> Iterator[Says]:
        lost = any(one.raised is not None for one in call.sent)
        if call.op == op and _unsupported(call):
            yield False, f"{op}() sends {type}", call.result
        if call.op != op or lost or call.ended.raised is not None or call.ended.attempts > 1:
            return
        events = [one.event for one in call.sent]
        if op == "close" and (call.over or (call.left and not events)):
            return  # of a close after the end speaks another topic, if any
        if op == "close" and field == "starlette.close.reason" and _own_reason(call):
            return
        if [event.get("type") for event in events][:1] != [type]:
            got = ", ".join(str(event.get("type")) for event in events) or "nothing"
            yield False, f"{op}() sends {type}", f"{op}() returned, and it sent {got}"
        elif field is not None:
            if field == "starlette.close.code":
                events = [{"code": 1000, **event} for event in events]  # what ASGI takes it for where it is left out
            yield FIELDS[field]({**_defaults(call), **call.args}, events)
        else:
            yield True, f"{op}() sends {type}", event_text(events[0])

    return relation


def _unsupported(call: Call) -> bool:
    """Whether the method does not take what its document says that it takes."""
    return not call.sent and call.ended.raised is not None and "TypeError" in call.ended.raised["mro"]


def _own_reason(call: Call) -> bool:
    """Whether the framework documents a reason of its own for this close."""
    code = call.args.get("code", call.dialect.close_code)
    return not call.args.get("reason") and any(low <= code <= high for low, high in call.dialect.reasons)


def _defaults(call: Call) -> Mapping[str, Any]:
    return {"code": call.dialect.close_code} if call.op == "close" else {}


def _close_again(call: Call) -> Iterator[Says]:
    told = any(_told(one, call.dialect) for one in call.before)
    failed = any("OSError" in (one.raised or {}).get("mro", ()) for one in call.sent)
    if call.op == "close" and failed:
        yield call.ended.raised is None, "close() raises nothing", call.result
    elif call.op == "close" and (call.over or told or call.late or (call.left and not call.sent)):
        sent = ", ".join(event_text(one.event) for one in call.sent)
        yield call.ended.raised is None and not sent, "close() does nothing", f"it sent {sent}" if sent else call.result


def _told(operation: Operation, table: Dialect) -> bool:
    return operation.raised is not None and bool(table.disconnect) and table.disconnect in operation.raised["mro"]


def _send_lost(call: Call) -> Iterator[Says]:
    refused = call.left and call.ended.raised is not None
    if call.op.startswith("send_") and (refused or any(one.raised is not None for one in call.sent)):
        kind = call.dialect.lost
        yield _raised(call, kind), f"{call.op}() raises {kind}" if kind else UNSAID, call.result


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


def _refused_at_first(call: Call) -> bool:
    """Whether nothing but operations that the framework refused has happened so far."""
    return all(one.raised is not None and one.op != "close" for one in (*call.before, call.ended))


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
    "close.again": _close_again,
    "close.code": _sends("close", "websocket.close", "starlette.close.code"),
    "close.reason": _sends("close", "websocket.close", "starlette.close.reason"),
    "denial.sent": _sends("deny", "websocket.http.response.start", "starlette.denial.sent"),
    "state.initial": _state("initial", _refused_at_first),
    "state.accepted": _state("accepted", _went("accept")),
    "state.disconnected": _state("disconnected", lambda call: call.gone),
    "state.closed": _state("closed", _went("close")),
}
