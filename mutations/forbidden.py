"""Which mutants no document forbids. Each rule here is general, and says why; no mutant is named."""

from __future__ import annotations

from collections.abc import Callable

from asgi_conformance import requirements
from asgi_conformance.model import Level

from .events import EVENTS
from .mutant import Mutant

# The version of the ASGI specification that the server of the mutants advertises (uvicorn 0.54).
SPEC_VERSION = "2.4"
ONCE = ("accept", "close", "denial.start")


def binding(mutant: Mutant) -> tuple[str, ...]:
    """The requirements that a breach could fail: MUST or SHOULD, at this version, and decided by some case."""
    return tuple(id for id in mutant.forbids if binds(id))


def binds(id: str) -> bool:
    """Whether a breach of a requirement could fail a case under the server of the mutants."""
    requirement = requirements.get(id)
    strong = requirement.level in (Level.MUST, Level.SHOULD)
    return strong and requirement.no_case is None and requirements.applies(requirement, SPEC_VERSION)


def _of_an_event(mutant: Mutant) -> bool:
    return mutant.kind == "events" and mutant.subject in EVENTS


def _inward(mutant: Mutant) -> bool:
    return _of_an_event(mutant) and EVENTS[mutant.subject].inward


def _last(mutant: Mutant) -> bool:
    return _of_an_event(mutant) and EVENTS[mutant.subject].ends


RULES: tuple[tuple[str, Callable[[Mutant], bool]], ...] = (
    ("no requirement on this layer that a breach could fail speaks of it", lambda m: not binding(m)),
    (
        "behind the last event of a direction none is due, so there is none to swap it with",
        lambda m: _last(m) and m.operator == "swap",
    ),
    (
        "what is received again after the disconnect is not specified (asgi.disconnect.once)",
        lambda m: _last(m) and _inward(m) and m.operator == "duplicate",
    ),
    (
        "to take the last event away is to wait for ever for it, which is the mutant hang",
        lambda m: _last(m) and _inward(m) and m.operator == "drop",
    ),
    (
        "headers beside those of the application are always fine",
        lambda m: m.field == "headers"
        and "accept" in m.subject
        and m.layer != "application"
        and m.operator in ("increased", "other-default"),
    ),
    (
        "no document sets the time within which an application answers the handshake, or a client gives up",
        lambda m: m.layer == "application" and m.subject in ("echo.accept", "echo.connect") and m.operator == "drop",
    ),
    (
        "a server below version 2.5 may leave the reason out (asgi.disconnect.reason)",
        lambda m: (
            m.layer == "server"
            and m.subject == "disconnect"
            and m.field == "reason"
            and m.operator in ("none", "removed")
        ),
    ),
    (
        "no document asks that a send returns, or that it does not raise once it has done its work (asgi.send.returns)",
        lambda m: m.layer == "server" and m.operator == "late" and m.kind == "events",
    ),
    (
        "a server can carry out such an event once; what is left of a second time is a send that raises afterwards",
        lambda m: m.layer == "server" and m.operator == "duplicate" and m.subject in ONCE,
    ),
    (
        "a Pong may be sent unasked, so a second one is no breach (RFC 6455, section 5.5.3)",
        lambda m: m.kind == "incoming" and m.subject == "takes.ping" and m.operator == "duplicate",
    ),
)


def left_out(mutant: Mutant) -> str:
    """Why a mutant is no mutant, '' where some document forbids it."""
    return next((reason for reason, rule in RULES if rule(mutant)), "")
