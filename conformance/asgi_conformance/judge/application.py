"""The application in a route case: what its handler was given, what it did, and whether that was right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import requirements
from ..model import Case, Component, Finding, Layer, Trace, Verdict
from .application_ending import beside, ending, loop_free, standstill, unserved
from .application_messages import ANSWERS, messages
from .claims import Claim
from .seen import Missed, Seen, read

# What the user will find in the log for a breach, after how to mend it.
_LOG = {
    "suite.handler.disconnect-caught": (
        "The log shows a traceback (under uvicorn: Exception in ASGI application) for every client that leaves."
    ),
    "suite.handler.input-tolerated": (
        "The log shows the traceback of this exception; the client sees HTTP 500, or an end without a Close frame."
    ),
    "suite.framework.no-exception": (
        "The log shows a traceback in which no line is the handler's; the client sees an end without a Close frame."
    ),
    "suite.handler.ends": "The log shows nothing: handlers pile up, and at shutdown the server waits for them.",
    "suite.handler.tasks-ended": (
        "The log shows nothing: for each connection that has ended, one more task stays for as long as it runs."
    ),
    "asgi.application.no-send-after-end": (
        "The log shows the RuntimeError or ClientDisconnected of that send unless the handler swallows it."
    ),
    "asgi.application.async": "The log shows nothing: every other connection of the process stands still meanwhile.",
    "asgi.application.one-connection": "The log shows at most the exception of the other client's handler.",
    "suite.handler.loop-free": "The log shows nothing: other connections are served late.",
    "asgi.application.valid-message": (
        "The log shows the exception that the framework or the server raises at that send; "
        "the client sees HTTP 500, or an end without a Close frame."
    ),
    "asgi.accept.no-subprotocol-header": "The log shows nothing, or the server's refusal; browsers fail the handshake.",
    "asgi.accept.header-names": "The log shows nothing: servers put such names on the wire as they like.",
    "asgi.denial.extension": "The log shows the server's refusal of the event; the client gets HTTP 500.",
    "asgi.close.legal-code": (
        "The log shows the server's refusal of the code, or nothing; the client sees an end without this code."
    ),
    "asgi.close.legal-reason": (
        "The log shows the server's refusal of the reason; the client sees an end without a Close frame."
    ),
    "rfc6455.handshake.application-subprotocol": (
        "The log shows nothing: browsers fail the handshake, and say so there."
    ),
    "asgi.connect.answered": (
        "The log shows that the ASGI callable returned without sending the handshake; the client gets HTTP 500."
    ),
}


def application(case: Case, seen: Seen) -> Iterator[Claim]:
    """All claims about the handler of a route, none where it was not reached."""
    who = component_of(case, seen)
    blocked = standstill(seen, who)
    if blocked is not None:
        yield blocked
        return
    if not seen.at("route", "enter"):
        return
    sent = list(messages(seen, who))
    yield from sent
    wrong = any(not claim.held and claim.requirement != "asgi.application.send-from-other-task" for claim in sent)
    yield from loop_free(seen, who)
    yield from ending(case, seen, who, wrong)
    yield from beside(seen, who)


def component_of(case: Case, seen: Seen) -> Component:
    """The handler, as the route declares it or, where only the settings know the route, as it was seen."""
    known = dict(case.tags)
    if not known.get("handler"):
        known = next((dict(o.data) for o in seen.at("route", "enter")), {})
    name = str(known.get("handler") or case.tags.get("route", ""))
    return Component(name, Layer.APPLICATION, str(known.get("file", "")), int(known.get("line", 0)))


def death(case: Case, trace: Trace, how: str) -> Finding:
    """The finding that a visit ended the target's process."""
    requirement = requirements.get("asgi.application.one-connection")
    own = case.kind == "route"
    who = component_of(case, read(trace))
    fix = f"{requirement.fix or ''} The log ends here: the process is gone, with all its connections."
    return Finding(
        requirement=requirement.id,
        level=requirement.level,
        binds=requirement.binds,
        verdict=Verdict.FAIL,
        layer=Layer.APPLICATION if own else Layer.SERVER,
        boundary="route" if own else "outer",
        expected="the process goes on",
        observed=f"the process ended ({how}){_after_what(trace)}",
        component=who.where if own else "",
        message=requirement.statement,
        fix=fix.strip() if own else "",
    )


def _after_what(trace: Trace) -> str:
    """The last that the application is known to have done, where that says who ended the process."""
    kinds = [str(o.data["event"].get("type")) if o.kind in ("send", "receive") else "" for o in trace.at("outer")]
    first = next((kind for kind in kinds if kind), "")
    return " after an answer before the first receive" if first in ANSWERS else ""


def with_log(finding: Finding) -> Finding:
    """A breach with what the user will find in the log."""
    text = _LOG.get(finding.requirement, "")
    if finding.verdict not in (Verdict.WARN, Verdict.FAIL) or not text:
        return finding
    return finding._replace(fix=f"{finding.fix} {text}".strip())


def aside(case: Case, seen: Seen) -> tuple[Verdict, str] | None:
    """Why a route without a breach is not judged either: it denies, or it was not reached."""
    status, expected = seen.wire.status, case.tags.get("denial")
    if seen.outer is None:
        return Verdict.SKIP, "the client had left before the server called the application"
    answers = [o.data["event"] for o in seen.at("route", "send")]
    answer: Mapping[str, Any] = next((event for event in answers if event.get("type") in ANSWERS), {})
    if expected is not None:
        if status is None or status == expected:
            return None
        got = "accepted the handshake" if status == 101 else f"answered with HTTP {status}"
        return Verdict.ERROR, f"the settings say that this route denies with HTTP {expected}, but it {got}"
    if not seen.at("route", "enter"):
        got = f" (HTTP {status})" if status is not None else ""
        reason = f"the handler was not reached: what stands before it answered{got}"
        return Verdict.SKIP, f"{reason}. {_configure(case, status)}"
    if missing := unserved(seen):
        return Verdict.SKIP, f"not judged: the handler raised before it answered; {missing}"
    if answer and answer.get("type") != "websocket.accept":
        status = status or answer.get("status")
        got = f" with HTTP {status}" if status is not None else ""
        return Verdict.SKIP, f"the route denies{got}. {_configure(case, status)}"
    missed = next((m for m in seen.missed if m.wait in ("exit", "again", "response")), None)
    return _unproved(missed, seen) if missed is not None else _silent(case, seen)


def _silent(case: Case, seen: Seen) -> tuple[Verdict, str] | None:
    """A way that is about what a handler sends says nothing of one that sends nothing."""
    sent = any(o.data["event"].get("type") == "websocket.send" for o in seen.at("route", "send"))
    way = case.tags.get("way")
    if way == "while-app-sends" and not seen.at("route", "held"):
        return Verdict.SKIP, "the handler sent nothing when it was sent a message, so no client can leave meanwhile"
    if way == "stops-reading" and not sent:
        return Verdict.SKIP, "the handler sends nothing, so there is nothing that a client could leave unread"
    return None


def _unproved(missed: Missed, seen: Seen) -> tuple[Verdict, str] | None:
    if not missed.sound:
        reason = f"the wait for {missed.wait} was too long, but this machine was late itself: nothing is proved"
        return Verdict.ERROR, reason
    if missed.wait == "response":
        return Verdict.SKIP, f"the handler did not answer the handshake within {missed.seconds:g} s"
    return Verdict.SKIP, "the server has not told the handler that the client has left: see the probe cases"


def _configure(case: Case, status: int | None) -> str:
    table, _, lines = str(case.tags.get("configure", "")).partition("\n")
    always = f"or, if it is right that it always denies:\n{table}\ndenial = {status or 403}"
    return f"To have it visited, add to pyproject.toml:\n{table}\n{lines}\n{always}"


def cause(finding: Finding) -> str:
    """What stands for one fault of one handler: the same fault in several cases has the same cause."""
    place = finding.observed.rpartition(" at ")[2]
    by_place = ("suite.handler.input-tolerated", "asgi.application.no-send-after-end", "asgi.application.valid-message")
    return f"{finding.requirement} {place}" if finding.requirement in by_place else finding.requirement
