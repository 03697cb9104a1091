"""A case as two programs, one for each lane, with the barriers that keep its total order.

Where data itself orders two steps (a message must have been sent before it can be received) no barrier is needed; every
other change of lane gets one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..model import Case, Step
from ..values import to_child

_CLIENT_KINDS = {
    "open": "opens",
    "open-partly": "opens",
    "open-early": "opens",
    "ask": "opens",
    "open-again": "opens",
    "accepted": "reads",
    "answered": "reads",
    "refused": "reads",
    "receive": "reads",
    "pong": "reads",
    "pinged": "reads",
    "ignore-pings": "local",
    "keep-open": "local",
    "closed": "reads",
    "end-begun": "reads",
    "ended": "reads",
    "gone": "reads",
    "over": "reads",
    "silence": "local",
    "stop-reading": "local",
    "read-again": "local",
    "cork": "local",
    "hold": "local",
    "held": "local",
    "let-go": "local",
}
_APP_KINDS = {"accept": "answers", "deny": "answers", "close": "closes", "return": "ends", "raise": "ends"}
_APP_KINDS["cancel"] = "ends"
# (what was done before, in the other lane; what comes now): orders that the data itself proves.
_ORDERED_BY_DATA = {
    ("opens", "answers"),
    ("opens", "receives"),
    ("opens", "closes"),
    ("sends", "receives"),
    ("answers", "reads"),
    ("answers", "sends"),
    ("closes", "reads"),
    ("transmits", "reads"),
    ("ends", "reads"),
    ("local", "answers"),
}


def kind(step: Step) -> str:
    """What a step does to the order: opens, sends, reads, answers, receives, transmits, closes, ends, or local."""
    if step.lane == "client":
        return _CLIENT_KINDS.get(step.op, "sends")
    if step.op.startswith(("receive", "iterate")):
        return "receives"
    if step.op.startswith("send") and step.op != "send":
        return "transmits"
    return _APP_KINDS.get(step.op, "local")


class ClientStep(NamedTuple):
    """One step of the client lane; ``after`` is the app step whose completion it waits for, if any."""

    step: Step
    after: int | None


class Program(NamedTuple):
    """``app``: what the child is told, ``[index, op, args, wait, may raise]``; ``releases``: client step → app step."""

    app: tuple[list[Any], ...]
    client: tuple[ClientStep, ...]
    releases: dict[int, int]


def compile_case(case: Case) -> Program:
    """The two programs of a case."""
    app: list[list[Any]] = []
    client: list[ClientStep] = []
    releases: dict[int, int] = {}
    previous: Step | None = None
    answers = 0
    for step in case.steps:
        # What a second answer does shows on no wire: only the first one orders what the client sends.
        barrier = _needs_barrier(previous, step, answers > 1)
        answers += step.lane == "app" and kind(step) == "answers"
        if step.lane == "app":
            args = to_child(step.args.get("args") or {})
            app.append([step.index, step.op, args, barrier, bool(step.args.get("raises"))])
            if barrier and previous is not None:
                releases[previous.index] = step.index
        else:
            client.append(ClientStep(step, previous.index if barrier and previous is not None else None))
        previous = step
    return Program(tuple(app), tuple(client), releases)


def _needs_barrier(previous: Step | None, step: Step, answered: bool) -> bool:
    if previous is None or previous.lane == step.lane:
        return False
    if step.group is not None and step.group == previous.group:
        return False
    if answered and kind(previous) == "answers":
        return True
    return (kind(previous), kind(step)) not in _ORDERED_BY_DATA
