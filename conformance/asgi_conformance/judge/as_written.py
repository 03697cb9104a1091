"""Requirements of the user's own: they hold where the script went as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import requirements
from ..model import Case, Component, Layer, Step
from ..values import observed
from .application import component_of
from .claims import Claim, exception_text, shown
from .seen import Operation, Seen
from .server_messages import complete_messages

# What was seen instead, and at which step.
Divergence = tuple[str, str]


def as_written(case: Case, seen: Seen) -> Iterator[Claim]:
    """One claim for each requirement of the user's own that the case cites."""
    own = [id for id in case.requires if id.startswith(requirements.OWN)]
    if not own:
        return
    went = next(_divergences(case, seen), None)
    if went is not None and any(not missed.sound for missed in seen.missed):
        return  # the wait was too long, but not by the target's doing, or its loop is blocked
    for id in own:
        layer = requirements.get(id).binds
        who: Component | None = component_of(case, seen) if layer is Layer.APPLICATION else None
        who = who if who is not None and (who.name or who.file) else None
        expected, instead = went or ("what the script says", "what the script says")
        boundary = "route" if case.kind == "route" else {Layer.SERVER: "outer"}.get(layer, "app")
        yield Claim(id, went is None, layer, boundary, expected, instead, who)


def _divergences(case: Case, seen: Seen) -> Iterator[Divergence]:
    """Where the run left the script, first the first of the client's lane, then of the app's."""
    done = {int(step["step"]) for step in seen.client_steps}
    messages = iter(complete_messages(seen.wire.received)[0])
    parsed = iter(seen.at("client", "received.json"))
    for step in case.steps:
        if step.lane != "client":
            continue
        if step.index not in done:
            yield f"step {step.index + 1}, the client {_words(step)}", _instead(seen)
            return
        seen_there = _met(step, seen, messages, parsed)
        if seen_there:
            yield f"step {step.index + 1}, the client {_words(step)}", seen_there
            return
    operations = {operation.step: operation for operation in seen.operations}
    for step in case.steps:
        if step.lane == "app":
            seen_there = _came_to(step, operations.get(step.index))
            if seen_there:
                yield f"step {step.index + 1}, the handler's {step.op}{_expectation(step.args)}", seen_there
                return


def _instead(seen: Seen) -> str:
    """Why the client could not take its next step."""
    for failed in seen.failed:
        return str(failed["why"])
    for missed in seen.missed:
        return f"no {missed.wait} within {missed.seconds:g} s"
    return "the run ended first"


def _met(step: Step, seen: Seen, messages: Iterator[Any], parsed: Iterator[Any]) -> str:
    """What a completed step of the client met that is not what it expects, '' where all is as expected."""
    expect: Mapping[str, Any] = step.args.get("expect") or {}
    if step.op == "receive":
        (kind, value), _ = next(messages, (("", None), False))
        if "json" in expect:
            told = next(parsed).data
            right = "value" in told and _contains(told["value"], expect["json"])
            return "" if right else str(told.get("problem") or f"the JSON value {shown(told['value'])}")
        wanted_kind = next(iter(expect))
        wanted = observed(expect[wanted_kind])
        if kind != wanted_kind:
            return f"a {'text' if kind == 'text' else 'binary'} message {shown(value)}"
        return "" if wanted is None or value == wanted else f"{kind} {shown(value)}"
    if step.op == "accepted":
        return _accepted(expect, seen)
    if step.op == "refused":
        status = expect.get("status")
        return "" if status in (None, seen.wire.status) else f"HTTP {seen.wire.status}"
    if step.op == "closed":
        frame = seen.wire.server_close or {}
        for name in ("code", "reason"):
            if expect.get(name) is not None and frame.get(name, "" if name == "reason" else None) != expect[name]:
                return f"Close {frame.get('code', 'without a code')} {shown(frame.get('reason', ''))}"
    return ""


def _accepted(expect: Mapping[str, Any], seen: Seen) -> str:
    chosen = next(iter(seen.wire.headers("sec-websocket-protocol")), None)
    if expect.get("subprotocol") is not None and chosen != expect["subprotocol"]:
        return f"the subprotocol {shown(chosen)}"
    for name, value in expect.get("headers") or ():
        if value not in seen.wire.headers(name):
            return f"the header {name} is {shown(seen.wire.headers(name))}"
    return ""


def _came_to(step: Step, operation: Operation | None) -> str:
    """What an operation of the handler came to that is not what the script says, '' where it is."""
    if operation is None:
        return "the handler did not come to it"
    raises, expect = step.args.get("raises"), step.args.get("expect") or {}
    if operation.raised is not None:
        if not raises or (isinstance(raises, str) and raises not in operation.raised["mro"]):
            return exception_text(operation.raised)
        for name in ("code", "reason"):
            if expect.get(name) is not None and operation.raised.get(name) != expect[name]:
                return exception_text(operation.raised)
        return ""
    if isinstance(raises, str):
        return "nothing was raised"
    wanted = observed(expect.get("value"))
    return "" if wanted is None or operation.returned == wanted else f"it returned {shown(operation.returned)}"


def _contains(value: Any, wanted: Any) -> bool:
    """Whether a JSON value is what was wanted; members of objects that were not named do not count."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(k in value and _contains(value[k], v) for k, v in wanted.items())
    if isinstance(wanted, (list, tuple)):
        same = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == len(wanted)
        return same and all(_contains(v, w) for v, w in zip(value, wanted, strict=True))
    return type(value) is type(wanted) and bool(value == wanted)


_WORDS = {
    "open": "opens",
    "accepted": "is accepted",
    "refused": "is refused",
    "receive": "receives",
    "pong": "is ponged",
    "closed": "is closed",
    "ended": "sees the end of TCP",
    "send": "sends",
    "close": "closes",
}


def _words(step: Step) -> str:
    return _WORDS.get(step.op, step.op) + _expectation(step.args)


def _expectation(args: Mapping[str, Any]) -> str:
    expect = {name: value for name, value in (args.get("expect") or {}).items() if value not in (None, [], ())}
    return "".join(f" {name} {shown(observed(value))}" for name, value in expect.items())
