"""A case as two programs, one for each lane, with the barriers that keep its total order.

Where data itself orders two steps (a message must have been sent before it can be received) no barrier is needed; every
other change of lane gets one.
"""

from __future__ import annotations

from functools import lru_cache
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


def kind(lane: str, op: str) -> str:
    """What a step does to the order: opens, sends, reads, answers, receives, transmits, closes, ends, or local."""
    if lane == "client":
        return _CLIENT_KINDS.get(op, "sends")
    if op.startswith(("receive", "iterate")):
        return "receives"
    if op.startswith("send") and op != "send":
        return "transmits"
    return _APP_KINDS.get(op, "local")


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
    previous = -1
    barriers = _barriers(tuple([(step.lane, step.op, step.group) for step in case.steps]))
    for step, barrier in zip(case.steps, barriers, strict=True):
        if step.lane == "app":
            args = to_child(step.args.get("args") or {})
            app.append([step.index, step.op, args, barrier, bool(step.args.get("raises"))])
            if barrier:
                releases[previous] = step.index
        else:
            client.append(ClientStep(step, previous if barrier else None))
        previous = step.index
    return Program(tuple(app), tuple(client), releases)


Shape = tuple[str, str, int | None]  # lane, operation, group


@lru_cache(maxsize=4096)
def _barriers(shapes: tuple[Shape, ...]) -> tuple[bool, ...]:
    """Whether each step waits for the one above it: the same in all rows of a script."""
    found = []
    previous: Shape | None = None
    answers = 0
    for shape in shapes:
        # What a second answer does shows on no wire: only the first one orders what the client sends.
        found.append(previous is not None and _needs_barrier(previous, shape, answers > 1))
        answers += shape[0] == "app" and kind(*shape[:2]) == "answers"
        previous = shape
    return tuple(found)


def _needs_barrier(previous: Shape, shape: Shape, answered: bool) -> bool:
    if previous[0] == shape[0]:
        return False
    if shape[2] is not None and shape[2] == previous[2]:
        return False
    if answered and kind(*previous[:2]) == "answers":
        return True
    return (kind(*previous[:2]), kind(*shape[:2])) not in _ORDERED_BY_DATA
