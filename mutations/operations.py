"""The framework's own part of the grammar: its state table, its methods, what it refuses, the values it documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asgi_conformance import states
from asgi_conformance.states_calls import CALLS
from asgi_conformance.states_transitions import TRANSITIONS

from .mutant import Mutant

_STATES = ("states.transitions", "states.pairs", "states.paths")
_ACCEPTED = ("handshake.headers", "handshake.subprotocol")
_VALUES = tuple(int(state) for state in states.WebSocketState)
# What a method as a whole stands for, and the cases of it beside those of the states.
METHODS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "accept": (("starlette.state.accept",), ("handshake.accept", "handshake.headers", "handshake.subprotocol*")),
    "receive": (("starlette.receive.raw",), ("messages.client.raw", "messages.client.wrong-kind", *_ACCEPTED)),
    "receive_text": (("starlette.receive.text",), ("messages.client.text", "close.client.*", "lost.open")),
    "receive_bytes": (("starlette.receive.bytes",), ("messages.client.bytes", "close.client.each-receiver")),
    "receive_json[text]": (("starlette.receive.json",), ("messages.client.json*", "close.client.each-receiver")),
    "receive_json[binary]": (("starlette.receive.json",), ("messages.client.json", "close.client.json-binary")),
    "iter_text": (("starlette.iter.ends",), ("iteration.*",)),
    "iter_bytes": (("starlette.iter.ends",), ("iteration.*",)),
    "iter_json": (("starlette.iter.ends",), ("iteration.*",)),
    "send[websocket.accept]": (("starlette.send.raw",), _ACCEPTED),
    "send[websocket.send]": (("starlette.send.raw",), ("messages.app.raw", "lost.send.*")),
    "send[websocket.close]": (("starlette.send.raw",), ("close.app.event-without-code", "lost.send.bytes")),
    "send_text": (("starlette.send.text",), ("messages.app.text", "lost.send.*")),
    "send_bytes": (("starlette.send.bytes",), ("messages.app.bytes", "lost.send.*")),
    "send_json[text]": (("starlette.send.json",), ("messages.app.json*", "lost.send.*")),
    "send_json[binary]": (("starlette.send.json",), ("messages.app.json", "lost.send.bytes")),
    "close": (
        ("starlette.close.code", "starlette.state.close"),
        ("close.app.*", "handshake.refused", "lost.send.bytes"),
    ),
    "send_denial_response": (("starlette.denial.sent",), ("handshake.denied*",)),
}
_WHOLE = ("raise", "swallow", "hang", "late")
_RECEIVING = ("twice", "returns-none", "returns-other", "disconnect-swallowed", "disconnect-other", "disconnect-1000")
# What a sending method returns is said nowhere.
_SENDING = ("twice",)
_LOST = ("disconnect-swallowed", "disconnect-raw", "disconnect-1000")
_ITERATING = ("twice", "returns-other", "stops-at-falsy", "skips-falsy", "once", "raises-disconnect", "trailing")
_HEADERS = [[{"bytes": "x-default"}, {"bytes": "1"}]]
# (operation, argument) → what stands for it where it is ignored, and another default.
ARGUMENTS: dict[tuple[str, str], tuple[tuple[Any, ...], tuple[str, ...]]] = {
    ("accept", "subprotocol"): ((None, "chat"), ("starlette.accept.subprotocol",)),
    ("accept", "headers"): ((None, _HEADERS), ("starlette.accept.headers",)),
    ("close", "code"): ((1000, 1001), ("starlette.close.code",)),
    ("close", "reason"): ((None, "bye"), ("starlette.close.reason",)),
    ("send_json", "mode"): (("text", "binary"), ("starlette.send.json",)),
    ("receive_json", "mode"): (("text", "binary"), ("starlette.receive.json",)),
}
FASTAPI_NAMES = (
    "fastapi.websockets.WebSocketDisconnect",
    "fastapi.websockets.WebSocketState",
    "fastapi.websockets.WebSocket",
    "fastapi.WebSocketDisconnect",
    "fastapi.WebSocket",
)


def of_the_framework() -> Iterator[Mutant]:
    """The mutants of the framework beside those of its events."""
    yield from _table()
    for name in METHODS:
        yield from _method(name)
    for (name, argument), ((ignored, other), forbids) in ARGUMENTS.items():
        for operator, value in (("argument-ignored", ignored), ("other-default", other)):
            _, cases = METHODS.get(name) or METHODS[f"{name}[text]"]
            more = {"method": name, "values": {argument: value}}
            subject = f"method.{name}"
            yield Mutant("framework", "operation", subject, operator, argument, "", forbids, cases, _rows(name), more)
    yield from _refusals()
    yield from _surface()


def _table() -> Iterator[Mutant]:
    """A wrong state after each row of the state table, and one machine's row that moves the other machine."""
    rows: list[tuple[str, int, str, int, tuple[str, ...]]] = []
    for before, moves in states.RECEIVE.items():
        rows += [("client_state", int(before), type, int(move.to), move.requirements) for type, move in moves.items()]
    for before, moves in states.SEND.items():
        own = "application_state"
        rows += [(own, int(before), type, int(move.to), move.requirements) for type, move in moves.items()]
    for before, move in states.LOST.items():
        rows.append(("application_state", int(before), "lost", int(move.to), move.requirements))
    for machine, start, type, right, forbids in rows:
        forbids = forbids or ("starlette.state.unchanged-on-error",)
        other = {"client_state": "application_state", "application_state": "client_state"}[machine]
        wrong = [(machine, value) for value in _VALUES if value != right] + [(other, 3)]
        for moves_, to in wrong:
            more = {"machine": machine, "before": start, "type": type, "moves": moves_, "to": to}
            subject, key = f"state.{machine}.{start}.{type}", "" if moves_ == machine else moves_
            cases = (*_STATES, "lost.send.closed") if type == "lost" else _STATES
            part = (type.removesuffix("+more").rpartition(".")[2],)
            yield Mutant("framework", "state", subject, f"to-{to}", key, "", forbids, cases, part, more)
    for attribute in ("client_state", "application_state"):
        for value in _VALUES[1:]:
            more = {"moves": attribute, "to": value}
            forbids = ("starlette.state.initial",)
            yield Mutant("framework", "initial", "initial", f"to-{value}", attribute, "", forbids, _STATES, (), more)


def _call(name: str) -> dict[str, Any]:
    """Which method an operation of the state table is, and which of its calls."""
    method, _, way = name.removesuffix("]").partition("[")
    if method == "send":
        message = CALLS[name].args["message"]
        return {"method": method, "type": message["type"] + ("+more" if message.get("more_body") else "")}
    return {"method": method, "mode": way} if way else {"method": method}


def _rows(name: str) -> tuple[str, ...]:
    return (f".{name}.", f".{name}[")


def _method(name: str) -> Iterator[Mutant]:
    forbids, cases = METHODS[name]
    method = name.partition("[")[0]
    operators: tuple[str, ...]
    if method.startswith("iter_"):
        operators = (*_WHOLE, *_ITERATING)
    elif method.startswith("receive"):
        operators = (*_WHOLE, *(o for o in _RECEIVING if method != "receive" or not o.startswith("disconnect")))
    else:
        # Only what is sent after the accept can meet a connection that is lost.
        late = name not in ("send_denial_response", "accept", "send[websocket.accept]")
        operators = (*_WHOLE, *_SENDING, *(_LOST if late else ()))
    for operator in operators:
        ids = (*forbids, "starlette.disconnect.raised", "starlette.send.lost") if "disconnect" in operator else forbids
        where = (*cases, "states.transitions", *(("iteration.*",) if method == "receive_text" else ()))
        yield Mutant("framework", "operation", f"method.{name}", operator, "", "", ids, where, _rows(name), _call(name))


def _refusals() -> Iterator[Mutant]:
    """Each operation that some states forbid, refused in another way, or not."""
    refused: dict[str, tuple[str, ...]] = {}
    for transition in TRANSITIONS.values():
        if transition.outcome.raises == "RuntimeError":
            name = transition.operation.removesuffix("[chunks]")
            refused[name] = tuple(dict.fromkeys((*refused.get(name, ()), *transition.outcome.requirement_ids)))
    for name, ids in refused.items():
        for operator in ("refusal-swallowed", "refusal-other", "refusal-moves"):
            where = ("illegal.operation", "states.transitions")
            subject = f"method.{name}"
            yield Mutant("framework", "operation", subject, operator, "", "", ids, where, _rows(name), _call(name))


def _surface() -> Iterator[Mutant]:
    cases = ("surface.*",)
    both = ("starlette.surface.states", "starlette.surface.response-state", "fastapi.surface.states")
    for state in states.WebSocketState:
        for operator in ("increased", "text", "removed"):
            yield Mutant("framework", "surface", "surface.states", operator, state.name, "", both, cases, ("",))
    yield Mutant("framework", "surface", "surface.states", "no-enum", "", "", both, cases, ("",))
    made = ("starlette.surface.disconnect-defaults", "fastapi.surface.disconnect-defaults")
    for key, operator in (
        ("code", "default"),
        ("code", "text"),
        ("code", "removed"),
        ("code", "falsy"),
        ("reason", "default"),
        ("reason", "none"),
        ("reason", "removed"),
    ):
        yield Mutant("framework", "surface", "surface.disconnect", operator, key, "", made, cases, ("",))
    bases = ("starlette.surface.disconnect-bases", "fastapi.surface.disconnect-bases")
    yield Mutant("framework", "surface", "surface.disconnect", "subclass", "", "", bases, cases, ("",))
    for name in FASTAPI_NAMES:
        identity = ("fastapi.surface.identity",)
        yield Mutant("framework", "surface", "surface.copy", "other", name, "", identity, cases, ("",))
