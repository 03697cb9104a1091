"""The two lanes of a script as the bodies of two coroutines, with the waits that keep its total order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..harness.program import Program
from ..model import Case, Step
from .source import arguments, source

_LEAVES = {"drop": "FIN", "reset": "RST", "half-close": "half"}
CLIENT_OPS = frozenset(
    {"open", "open-partly", "accepted", "refused", "send", "raw", "close", "receive", "pong", "closed"}
)
CLIENT_OPS |= {"ended", "silence", "settled", *_LEAVES}
# What a client can do before, or without, a handshake that has been answered.
_UNOPENED = ("open", "open-partly", "refused", "ended", "silence", *_LEAVES)


def handler(case: Case, program: Program) -> Iterator[str]:
    """The handler: its steps through Starlette's WebSocket, each where its turn comes."""
    waits = {app: client for client, app in program.releases.items()}
    awaited = {entry.after for entry in program.client}
    for step in case.steps:
        if step.lane != "app":
            continue
        if step.index in waits:
            yield f"await within(done[{waits[step.index] + 1}].wait())"
        if step.op in ("return", "raise"):
            if step.index in awaited:
                yield f"done[{step.index + 1}].set()"
            yield "return" if step.op == "return" else 'raise RuntimeError("asked for by the script")'
            return
        yield _call(step)


def _call(step: Step) -> str:
    given = dict(step.args.get("args") or {})
    times = given.pop("until_raises", 1)
    name, shown = step.op, ""
    if step.op == "deny":
        name, shown = "send_denial_response", f", {_response(**given)}"
    elif step.op == "iterate":
        name = f"iter_{given['kind']}"
    else:
        if "headers" in given:
            given["headers"] = [tuple(pair) for pair in given["headers"]]
        shown = arguments(given)
    more = (f", times={times}" if times > 1 else "") + (", may_raise=True" if step.args.get("raises") else "")
    return f'await call({step.index + 1}, websocket, "{name}"{shown}{more})'


def _response(status: int, headers: Any = (), chunks: Any = (b"",)) -> str:
    fields = {bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in headers}
    if len(chunks) == 1:
        return f"Response({source(chunks[0])}, {status}, {source(fields)})"
    return f"StreamingResponse(iter({source(list(chunks))}), {status}, {source(fields)})"


def client(case: Case, program: Program, alone: bool) -> Iterator[str]:
    """The client's steps; ``alone`` where the handler is the target's own, so that nothing waits for its steps."""
    opened = False
    for entry in program.client:
        step = entry.step
        if entry.after is not None and not alone:
            yield f"await within(done[{entry.after + 1}].wait())"
        if not opened and step.op not in _UNOPENED:
            opened = True
            yield "await peer.opened()"
        yield from _client_step(step)
        if step.index in program.releases and not alone:
            yield f"done[{step.index + 1}].set()"


def _client_step(step: Step) -> Iterator[str]:
    args: Mapping[str, Any] = step.args
    match step.op:
        case "open":
            given = {name: value for name, value in args.items() if value}
            yield f"await peer.open(port{arguments(given)})"
        case "open-partly":
            yield "await peer.open(port, part=2)"
        case "refused":
            yield "await peer.until(lambda: peer.status)"
        case "send":
            usual = {"fin": True, "rsv": 0, "masked": True}
            given = {name: args[name] for name in usual if args.get(name, usual[name]) != usual[name]}
            yield f"await peer.send({args['opcode']}, {source(args['payload'])}{arguments(given)})"
        case "raw":
            yield f"peer.writer.write({source(args['data'])})"
        case "close":
            yield "if not peer.closing:"
            yield f"    await peer.send(8, {_close_body(args)})"
        case "receive":
            yield "peer.taken += 1"
            yield 'await peer.until(lambda: len(peer.messages) >= peer.taken, "there is no message")'
        case "pong":
            yield f'await peer.until(lambda: {source(args["payload"])} in peer.pongs, "there is no pong")'
        case "closed":
            yield 'await peer.until(lambda: peer.close, "there is no Close frame")'
        case "ended":
            yield "await peer.until(lambda: peer.end)"
        case "silence":
            yield "peer.silent = True"
        case "settled":
            yield f"await settled({args['messages']})"
        case op if op in _LEAVES:
            yield f'await peer.leave("{_LEAVES[op]}")'


def _close_body(args: Mapping[str, Any]) -> str:
    if args.get("payload") is not None:
        return source(args["payload"])
    code, reason = args.get("code"), args.get("reason")
    if code is None:
        return 'b""'
    head = f'({code & 0xFFFF}).to_bytes(2, "big")'
    if not reason:
        return head
    return f"{head} + {source(reason.encode('utf-8', 'surrogatepass') if isinstance(reason, str) else reason)}"
