"""Which cases apply to what runs: what the server, the framework and the target must have for them, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import requirements
from .addresses import OUTERMOST
from .configurations import CONFIGURATIONS
from .dialects import STARLETTE, early, undocumented
from .foresight import denies
from .judge import Context
from .model import Case, Component, ServerInfo, Step
from .plan import TESTCLIENT

# What a test can do by TestClient's own methods: connect, send whole messages, close, and leave.
_BY_TESTCLIENT = (
    "open", "accepted", "refused", "send", "send-at-once", "close", "receive", "closed", "ended", "settled", "hold",
    "held", "gone", "let-go",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, as it was found. ``product`` is the framework by the name of its requirements, '' for none.

    ``unix``: the server listens on a Unix socket.
    """

    server: ServerInfo
    framework: Mapping[str, Any]
    product: str
    middleware: Sequence[Component]
    context: Context | None
    unix: bool = False


def unmet(case: Case, server: str, stack: Stack) -> str:
    """Why a case does not apply, '' if it does. ``server`` is the server by the name of its option."""
    if case.kind == "surface" and not stack.framework:
        return "the target uses no framework whose values are documented"
    impossible = unable(server, case, stack.unix)
    if case.server and not impossible:
        impossible = CONFIGURATIONS[case.server].missing(server, stack.server.version)
    if impossible:
        return impossible
    unsaid = undocumented(case, stack.product, stack.framework.get("operations") or ())
    if unsaid and OUTERMOST not in case.needs:
        return unsaid
    if behind := early(case, stack.product, stack.server.spec_version):
        return behind
    if stack.product == STARLETTE and stack.context is not None:
        requirement = requirements.get("starlette.denial.sent")
        if stack.context.precedes(requirement) and denies(case):
            return f"there are no denial responses: {stack.context.early(requirement)}"
    for need in case.needs:
        if need == "middleware" and not stack.middleware:
            return "the target has no middleware"
        if need == "denial" and "websocket.http.response" not in stack.server.extensions:
            return "the server does not offer denial responses (websocket.http.response)"
        wanted = need.removeprefix("framework:")
        if wanted != need and wanted not in (stack.framework.get("name"), *stack.framework):
            return f"the target does not use {wanted}"
    return ""


def unable(server: str, case: Case, unix: bool = False) -> str:
    """Why a case cannot be performed under a server, '' where it can."""
    if unix and any(step.op == "reset" for step in case.steps):
        return "a Unix socket has no reset: its other end sees nothing but an end"
    if server != TESTCLIENT:
        return ""
    answer = ""
    for step in (step for step in case.steps if step.lane == "app"):
        if answer in ("close", "deny") and step.op not in ("return", "raise"):
            return "TestClient cancels an application that has refused the handshake"
        answer = answer or (step.op if step.op in ("accept", "close", "deny") else "")
    for step in case.steps:
        if step.lane == "client" and not _tested(step):
            return f"TestClient has nothing for it (client step {step.index + 1}: {step.op})"
    return ""


def _tested(step: Step) -> bool:
    args = step.args
    if step.op == "send":
        whole = args.get("opcode") in (1, 2) and args.get("fin", True) and not args.get("rsv")
        raw_text = args.get("opcode") == 1 and isinstance(args.get("payload"), bytes)
        return bool(whole and args.get("masked", True) and not raw_text)
    if step.op == "close":
        code, reason = args.get("code"), args.get("reason")
        short = reason is None or (isinstance(reason, str) and len(reason.encode("utf-8", "replace")) <= 123)
        return "payload" not in args and short and (code is None or 0 <= code <= 0xFFFF)
    return step.op in _BY_TESTCLIENT and not args.get("narrow")
