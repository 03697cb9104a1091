"""What the app lane of a case will do, as far as its script tells before it is run."""

from __future__ import annotations

from .model import Case, Step

_ANSWERS = ("websocket.accept", "websocket.close", "websocket.http.response.start")


def denies(case: Case) -> bool:
    """Whether the app lane sends a denial response, or a part of one."""
    for step in case.steps:
        if step.op == "deny" or _sent(step).startswith("websocket.http.response"):
            return True
    return False


def answers_first(case: Case) -> bool:
    """Whether the app lane answers the handshake before it has received the connect."""
    for step in (step for step in case.steps if step.lane == "app"):
        if step.op in ("accept", "receive"):
            return False
        if step.op in ("close", "deny") or _sent(step) in _ANSWERS:
            return True
    return False


def _sent(step: Step) -> str:
    """The type of the event that a step sends as it is, '' for others."""
    return str(((step.args.get("args") or {}).get("message") or {}).get("type", ""))
