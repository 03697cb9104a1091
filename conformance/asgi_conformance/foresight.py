"""What the app lane of a case will do, as far as its script tells before it is run."""

from __future__ import annotations

from . import deviations
from .model import Case, ServerInfo, Step

_DEATH = "asgi.application.one-connection"
# Whatever a framework does not refuse by itself: accept() receives the connect where nobody has yet.
_RECEIVING = ("accept", "receive", "receive_text", "receive_bytes", "receive_json", "iterate")
_LEAVING = frozenset(("close", "drop", "reset", "half-close"))
_ANSWERS = ("websocket.accept", "websocket.close", "websocket.http.response.start")


def denies(case: Case) -> bool:
    """Whether the app lane sends a denial response, or a part of one."""
    for step in case.steps:
        if step.op == "deny" or _sent(step).startswith("websocket.http.response"):
            return True
    return False


def answers_first(case: Case) -> bool:
    """Whether the app lane answers the handshake before it has received the connect, and receives afterwards."""
    answered = False
    for step in (step for step in case.steps if step.lane == "app"):
        if step.op in _RECEIVING and (answered or step.op in ("accept", "receive")):
            return answered
        answered = answered or step.op in ("close", "deny") or _sent(step) in _ANSWERS
    return False


def perilous(case: Case, server: ServerInfo) -> bool:
    """Whether a case may end the process, by what is known of the server: then nothing else may run beside it."""
    if not answers_first(case):
        return False
    observed = "the process ended (signal SIGABRT) after an answer before the first receive"
    known = (server.name, server.version, server.ws, case.full_id)
    return deviations.find(_DEATH, observed, *known, deviations.load()) is not None


def unanswered(case: Case) -> bool:
    """Whether the client leaves the server without an answer: how long that waits for one is its own affair."""
    ops = [step.op for step in case.steps if step.lane == "client"]
    return "silence" in ops and _LEAVING.isdisjoint(ops[ops.index("silence") :])


def _sent(step: Step) -> str:
    """The type of the event that a step sends as it is, '' for others."""
    return str(((step.args.get("args") or {}).get("message") or {}).get("type", ""))
