"""The framework judged on its own input: what its inner receive and send really gave, against the state table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..model import Case, Layer, Observation, Step
from ..states import OPERATIONS, Guard, Pair, Repeat, Send, Take, WebSocketState
from ..states_model import RAISED, RAISED_OSERROR, RETURNED, Given, NotGiven, Outcome, decidable, step
from ..values import observed
from .application_messages import wrong_types
from .claims import Claim, event_text, exception_text, shown
from .seen import Operation, Seen

START = Pair(WebSocketState(0), WebSocketState(0))
# The same few hundred outcomes answer for a whole run: none is worked out twice as long as it is remembered.
_REMEMBERED = 4096
_outcomes: dict[tuple[Pair, str, frozenset[str], str], Outcome] = {}


def _step(pair: Pair, operation: str, given: Given) -> Outcome:
    # Results are plain values, whose text tells all that differs in them: 1 and True, "a" and b"a".
    key = pair, operation, given.extensions, repr(given.results)
    known = _outcomes.get(key)
    if known is None:
        if len(_outcomes) >= _REMEMBERED:
            _outcomes.clear()
        known = _outcomes[key] = step(pair, operation, given)
    return known


def framework(case: Case, seen: Seen, requires: Collection[str] | None = None) -> Iterator[Claim]:
    """The claims about Starlette's WebSocket in one trace of a probe: all, or no more of those of some requirements."""
    wanted = None if requires is None else frozenset(requires)
    inner = seen.inner
    extensions = frozenset(seen.outer.entered.get("extensions", ()) if seen.outer else ())
    by_step: dict[int, list[Observation]] = {}
    for o in seen.at("inner"):
        if (index := o.data.get("step")) is not None:
            by_step.setdefault(index, []).append(o)
    assigned: dict[int, list[tuple[str, int, int]]] = {}
    for _, _, kind, data in seen.framework:
        if kind == "state" and data["old"] not in (None, data["new"]) and data.get("step") is not None:
            assigned.setdefault(data["step"], []).append((data["attribute"], data["old"], data["new"]))
    yield from _initial(seen)
    pair = START
    for operation in seen.operations:
        if operation.states is None or (inner is None and by_step):
            return
        after = _pair(operation.states)
        if after is None:
            yield _strange_state(operation)
            return
        script = case.steps[operation.step]
        entries = by_step.get(operation.step, [])
        yield from _operation(script, operation, pair, after, entries, extensions, assigned, wanted)
        pair = after
    yield from _unfinished(case, seen, pair, by_step, extensions)


def _unfinished(
    case: Case, seen: Seen, pair: Pair, by_step: Mapping[int, list[Observation]], extensions: frozenset[str]
) -> Iterator[Claim]:
    """An operation that had not ended by a deadline, though the framework was waiting for nothing from below."""
    done = {operation.step for operation in seen.operations}
    for missed in seen.missed:
        index, waiting = missed.app.get("step"), missed.app.get("waiting") or {}
        if not missed.sound or missed.app.get("over") or index is None or index in done:
            continue
        # Where nothing was seen below the framework, it must have a WebSocket object and wait for nobody.
        if seen.inner is None and (waiting or not seen.framework):
            continue
        name, entries = name_of(case.steps[index]), by_step.get(index, [])
        if name not in OPERATIONS or "barrier" in waiting or case.steps[index].args.get("limit"):
            continue
        if (case.steps[index].args.get("args") or {}).get("until_raises", 1) > 1:
            entries = [o for o in entries[-1:] if o.kind == "send"]
        asked = [call.removeprefix("inner.") for call in waiting if call.startswith("inner.")]
        try:
            ids = [*_step(pair, name, _given(entries, extensions)).requirement_ids]
        except NotGiven as due:
            if due.call in asked:
                continue
            ids = _requirements(name)
        if "send" in asked:
            continue
        got = "was waiting for more than it needs" if asked else "was waiting for nothing that it had asked for"
        for id in ids:
            expected = f"{_call(name, pair)} ends"
            yield _claim(id, False, expected, f"it had not ended after {missed.seconds:g} s and {got}")
        return


def _claim(id: str, held: bool, expected: str, seen: str, boundary: str = "app") -> Claim:
    return Claim(id, held, Layer.FRAMEWORK, boundary, expected, seen)


def _initial(seen: Seen) -> Iterator[Claim]:
    first = [o.data for o in seen.framework if o.kind == "state" and o.data.get("old") is None]
    for data in first[:2]:
        held = data["new"] == 0
        yield _claim("starlette.state.initial", held, f"{data['attribute']} 0", f"{data['attribute']} {data['new']}")


_PAIRS = {(int(client), int(app)): Pair(client, app) for client in WebSocketState for app in WebSocketState}


def _pair(states: tuple[Any, Any]) -> Pair | None:
    try:
        return _PAIRS.get(states)
    except TypeError:
        return None  # not even a number


def _strange_state(operation: Operation) -> Claim:
    client, application = operation.states or (None, None)
    got = f"client_state {client!r}, application_state {application!r}"
    return _claim("starlette.state.unchanged-on-error", False, "states out of 0, 1, 2, 3", got)


def name_of(script: Step) -> str:
    """The state table's name of a script's operation."""
    args = script.args.get("args") or {}
    op = script.op
    if op in ("receive_json", "send_json"):
        mode = args.get("mode", "text")
        return f"{op}[{mode if mode in ('text', 'binary') else 'illegal'}]"
    if op == "iterate":
        return f"iter_{args['kind']}"
    if op == "deny":
        return "send_denial_response" if len(args.get("chunks", (b"",))) == 1 else "send_denial_response[chunks]"
    if op == "send":
        message = args["message"]
        more = "+more" if message.get("more_body") else ""
        name = f"send[{message['type']}{more}]"
        return name if name in OPERATIONS else "send[websocket.unknown]"
    return op


def _given(entries: list[Observation], extensions: frozenset[str]) -> Given:
    results: list[Any] = []
    for o in entries:
        if o.kind == "receive":
            results.append({key: _plain(value) for key, value in o.data["event"].items()})
        elif o.kind == "sent":
            results.append(RETURNED)
        elif o.kind == "send.raised":
            results.append(RAISED_OSERROR if "OSError" in o.data["exc"].get("mro", ()) else RAISED)
    return Given(tuple(results), extensions)


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and value.get("$") == "bytes" and "hex" in value:
        return bytes.fromhex(value["hex"])
    return value


def _operation(
    script: Step,
    operation: Operation,
    before: Pair,
    after: Pair,
    entries: list[Observation],
    extensions: frozenset[str],
    assigned: Mapping[int, list[tuple[str, int, int]]],
    wanted: frozenset[str] | None,
) -> Iterator[Claim]:
    name = name_of(script)
    if name not in OPERATIONS or (wanted is not None and not _decides(name, wanted)):
        return
    args = script.args.get("args") or {}
    many = name == "send_denial_response[chunks]" and len(args["chunks"]) != 2
    if operation.attempts > 1:
        entries = entries[-2:]
    if name.startswith("iter_") and args.get("limit"):
        return  # the loop was left by the script, not by the framework
    if any(o.kind == "receive.raised" for o in entries):
        return  # the table knows no receive that raises: what the framework makes of it is its own affair
    given = _given(entries, extensions)
    try:
        outcome = _step(before, name, given)
    except NotGiven as missing:
        if not many:
            expected = f"{_call(name, before)} calls the inner {missing.call}"
            for id in _requirements(name):
                yield _claim(id, False, expected, f"it did not, and {_result_text(operation)}")
        return
    ids = [id for id in outcome.requirement_ids if not id.startswith("starlette.state.")]
    if wanted is None or not wanted.isdisjoint(ids):
        asked = ids if wanted is None else [id for id in ids if id in wanted]
        yield from _result(asked, name, args, operation, before, outcome, entries, many)
    if wanted is None or any(id.startswith("starlette.state.") for id in wanted):
        yield from _states(name, before, after, outcome, assigned.get(operation.step, []))


def _decides(name: str, wanted: frozenset[str]) -> bool:
    """Whether an operation can have anything to do with the requirements that are asked for."""
    return not wanted.isdisjoint(decidable(name)) or any(id.startswith("starlette.state.") for id in wanted)


def _call(name: str, before: Pair) -> str:
    return f"{name}() in {before.title}"


def _requirements(name: str) -> list[str]:
    """What an operation as a whole stands for."""
    out: dict[str, None] = {}
    for primitive in OPERATIONS[name]:
        if isinstance(primitive, Repeat):
            out["starlette.iter.ends"] = None
        elif isinstance(primitive, (Take, Send)):
            out.update(dict.fromkeys(primitive.requirements))
    return list(out) or [id for p in OPERATIONS[name] if isinstance(p, Guard) for id in p.value]


def _result_text(operation: Operation) -> str:
    if operation.raised is not None:
        return f"raised {exception_text(operation.raised)}"
    return f"returned {shown(operation.returned)}"


def _result(
    ids: Sequence[str],
    name: str,
    args: Mapping[str, Any],
    operation: Operation,
    before: Pair,
    outcome: Outcome,
    entries: Any,
    many: bool,
) -> Iterator[Claim]:
    """What the operation returned or raised, and what it passed on, as far as these requirements speak of it."""
    sends = [o.data["event"] for o in entries if o.kind == "send"]
    types_ok = many or [str(event.get("type")) for event in sends] == list(outcome.sends)
    result_ok, expected = _compare(operation, outcome)
    call = _call(name, before)
    got = _result_text(operation)
    for id in ids:
        if id == "starlette.disconnect.code":
            code = (operation.raised or {}).get("code")
            yield _claim(id, code == observed(outcome.code), f"code={outcome.code}", f"code={shown(code)}")
        elif id == "starlette.disconnect.reason":
            reason, want_ = (operation.raised or {}).get("reason"), observed(outcome.reason)
            yield _claim(id, reason == want_, f"reason={shown(want_)}", f"reason={shown(reason)}")
        elif id in FIELDS and sends and types_ok and (outcome.raises is None or outcome.silent):
            # What was passed on is the framework's, also where the other side then refused it.
            compare = FIELDS[id] if outcome.raises is None or id != "starlette.denial.sent" else _denial_begun
            held, want, seen = compare(args, sends)
            if held and not result_ok and not outcome.silent:
                held, want, seen = False, f"{call} {expected}", got
            yield _claim(id, held, want, seen, "inner")
        elif not types_ok:
            want = f"{call} sends {', '.join(outcome.sends) or 'nothing'}"
            seen = f"it sent {', '.join(str(e.get('type')) for e in sends) or 'nothing'}"
            yield _claim(id, False, want, seen, "inner")
        elif not outcome.silent or id.startswith("starlette.illegal."):
            held = result_ok and (id != "starlette.send.lost" or (operation.raised or {}).get("code") == outcome.code)
            yield _claim(id, held, f"{call} {expected}", got)


def _compare(operation: Operation, outcome: Outcome) -> tuple[bool, str]:
    """Whether the operation ended as the table says, and how that is put into words."""
    raised = operation.raised
    if outcome.raises is not None:
        family = outcome.raises
        held = raised is not None and (family == "unspecified" or family in raised.get("mro", ()))
        text = family if outcome.code is None else f"{family}(code={outcome.code}, reason={outcome.reason!r})"
        return held, f"raises {text}"
    if raised is not None:
        return False, "returns"
    if outcome.returns == "none":
        return operation.returned is None, "returns None"
    want = observed(outcome.value)
    return operation.returned == want, f"returns {shown(want)}"


def _states(
    name: str, before: Pair, after: Pair, outcome: Outcome, changes: list[tuple[str, int, int]]
) -> Iterator[Claim]:
    """The states after the operation, and every assignment on the way there."""
    want = [(attribute, int(old), int(new)) for attribute, old, new in outcome.changes]
    held = after == outcome.pair_after and changes == want
    ids = [id for id in outcome.requirement_ids if id.startswith("starlette.state.")]
    if not ids and not held:
        ids = ["starlette.state.unchanged-on-error"]
    expected = f"{_call(name, before)} leaves {outcome.pair_after.title}"
    got = f"{after.title}"
    if after == outcome.pair_after and not held:
        expected += f" by {want}"
        got += f" by {changes}"
    for id in ids:
        yield _claim(id, held, expected, got, "framework")


def _field(key: str, event_key: str, default: Any = None, last: bool = False) -> Any:
    def compare(args: Mapping[str, Any], sends: list[Any]) -> tuple[bool, str, str]:
        want = observed(args.get(key, default))
        got = sends[0].get(event_key)
        if key == "reason":
            want, got = want or "", got or ""
        if key == "headers":
            want, got = want or [], sends[0].get(event_key, [])
        return want == got, f"{event_key}={shown(want)}", event_text(sends[0])

    return compare


def _json(args: Mapping[str, Any], sends: list[Any]) -> tuple[bool, str, str]:
    text = json.dumps(args.get("data"), separators=(",", ":"), ensure_ascii=False)
    key = "text" if args.get("mode", "text") == "text" else "bytes"
    got = _plain(sends[0].get(key))
    try:
        held = json.loads(got) == args.get("data") if isinstance(got, (str, bytes)) else got == observed(text)
    except ValueError:
        held = False
    return held, f"{key} with the JSON of {args.get('data')!r}", event_text(sends[0])


def _denial(args: Mapping[str, Any], sends: list[Any]) -> tuple[bool, str, str]:
    status, body = sends[0].get("status"), _body(sends[1:])
    want = b"".join(args.get("chunks", (b"",)))
    # Headers of the response's own, such as content-length, come beside those that it was made with.
    given, sent = observed(args.get("headers", [])), sends[0].get("headers") or []
    lost = next((pair for pair in given if not isinstance(sent, list) or pair not in sent), None)
    more = [bool(event.get("more_body")) for event in sends[1:]]
    complete = more == [True] * (len(more) - 1) + [False]
    held = status == args["status"] and body == want and lost is None and complete
    wrong = "" if lost is None else f" without {': '.join(shown(part) for part in lost)}"
    wrong += "" if complete else ", with more_body wrong"
    return held, f"HTTP {args['status']} with {want!r}", f"HTTP {status} with {body!r}{wrong}"


def _denial_begun(args: Mapping[str, Any], sends: list[Any]) -> tuple[bool, str, str]:
    """A denial of which the other side has refused a part: what came before."""
    status, given, sent = sends[0].get("status"), observed(args.get("headers", [])), sends[0].get("headers") or []
    held = status == args["status"] and isinstance(sent, list) and all(pair in sent for pair in given)
    body, want = _body(sends[1:]), b"".join(args.get("chunks", (b"",)))
    goes_on = bool(sends[1:]) and bool(sends[-1].get("more_body"))
    ordered = all(part.get("more_body") for part in sends[1:-1])
    right = ordered and body is not None and (want.startswith(body) if goes_on else body == want)
    if held and sends[1:] and not right:
        return False, f"HTTP {args['status']} with {want!r}", event_text(sends[-1])
    return held, f"HTTP {args['status']} with its headers", event_text(sends[0])


def _body(parts: Sequence[Any]) -> bytes | None:
    """The parts of a body as one, None where one of them is no body."""
    return None if any(map(wrong_types, parts)) else b"".join(_plain(part.get("body")) or b"" for part in parts)


def _unchanged(args: Mapping[str, Any], sends: list[Any]) -> tuple[bool, str, str]:
    want = observed(args["message"])
    return sends[0] == want, event_text(want), event_text(sends[0])


FIELDS: Mapping[str, Any] = {
    "starlette.send.raw": _unchanged,
    "starlette.send.text": _field("data", "text"),
    "starlette.send.bytes": _field("data", "bytes"),
    "starlette.send.json": _json,
    "starlette.close.code": _field("code", "code", 1000),
    "starlette.close.reason": _field("reason", "reason", ""),
    "starlette.accept.subprotocol": _field("subprotocol", "subprotocol"),
    "starlette.accept.headers": _field("headers", "headers"),
    "starlette.denial.sent": _denial,
}
