"""The judge: a case and what was seen of it become findings. Pure: no I/O, no clock, no order but each boundary's."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..dialects import DIALECTS, STARLETTE
from ..model import Case, Finding, Layer, Level, Trace, Verdict, worst
from .application import application, aside, with_log
from .as_written import as_written
from .blocked import REQUIREMENT as BLOCKED
from .blocked import blocked
from .claims import Claim, exception_text, first_breach
from .dialect import dialect
from .framework import framework
from .framework_route import framework_route
from .middleware import held_up, middleware
from .seen import Seen, read
from .server import server
from .surface import surface
from .verdict import Context, as_accepted, concerns, early, fault, finding

__all__ = ["Context", "Judgement", "as_accepted", "judge"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one trace of one case comes to; ``reason`` explains a skip or an error."""

    verdict: Verdict
    layer: Layer | None
    findings: tuple[Finding, ...]
    reason: str = ""


def judge(case: Case, trace: Trace, context: Context) -> Judgement:
    """Judge one trace. Every layer is judged on its own observed input; only what the case decides counts."""
    seen = read(trace)
    if case.kind == "route":
        return _judge_route(case, seen, context)
    claims = _claims(case, seen, context, case.requires)
    found = [f for c in first_breach(c for c in claims if concerns(c, case)) if (f := finding(c, case, context))]
    findings = tuple(_drop_held_where_breached(found))
    if any(f.verdict in (Verdict.FAIL, Verdict.WARN) for f in findings):
        return Judgement(worst(f.verdict for f in findings), fault(findings), findings)
    unsound = next((m for m in seen.missed if not m.sound), None)
    if unsound is not None and (standing := blocked(seen)) is not None:
        found = [f for f in (finding(standing, case, context),) if f is not None]
        return Judgement(worst(f.verdict for f in found), fault(found), (*findings, *found))
    if unsound is not None:
        reason = f"the wait for {unsound.wait} was too long, but this machine was late itself: nothing is proved"
        return Judgement(Verdict.ERROR, Layer.SUITE, (*findings, _own(reason)), reason)
    surprise = _surprise(case, seen, context)
    decided = {f.requirement for f in findings} >= set(case.requires)
    # A breach explains the rest of the run, a known one too, and so does what an older release never promised.
    explained = any(f.verdict is Verdict.KNOWN or early(f, context) for f in findings)
    if surprise and not decided and not explained:
        return _unexplained(case, seen, context, findings, surprise)
    if not findings and any(concerns(claim, case) for claim in _claims(case, seen, context, case.requires)):
        version = context.server.spec_version
        reason = f"the server advertises version {version} of the ASGI specification, which does not ask for this"
        return Judgement(Verdict.SKIP, None, findings, reason)
    if not findings and context.framework in DIALECTS and seen.operations:
        # Its documents say less than Starlette's, and may speak of what this server did not do.
        reason = f"nothing of what {context.framework} documents was to be seen in this case under this server"
        return Judgement(Verdict.SKIP, None, findings, reason)
    if not findings and not context.framework:
        return Judgement(Verdict.SKIP, None, (), "what this case decides does not show without a framework")
    if not findings:
        return _unexplained(case, seen, context, findings, "nothing that this case decides was observed")
    return Judgement(worst(f.verdict for f in findings), None, findings)


def _judge_route(case: Case, seen: Seen, context: Context) -> Judgement:
    """Judge the application alone: the layers below it are judged by the probe cases."""
    own = list(as_written(case, seen))
    claims = (c for c in (*application(case, seen), *framework_route(seen), *own) if concerns(c, case) or _blocks(c))
    found = [with_log(f) for claim in first_breach(claims) if (f := finding(claim, case, context))]
    findings = tuple(_drop_held_where_breached(found))
    if any(f.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.KNOWN) for f in findings):
        return Judgement(worst(f.verdict for f in findings), fault(findings), findings)
    instead = None if own else aside(case, seen)
    if instead is not None:
        verdict, reason = instead
        return Judgement(verdict, Layer.SUITE if verdict is Verdict.ERROR else None, findings, reason)
    if not findings:
        reason = "nothing that this case decides was observed"
        return Judgement(Verdict.ERROR, Layer.SUITE, (_own(reason),), reason)
    return Judgement(worst(f.verdict for f in findings), None, findings)


def _blocks(claim: Claim) -> bool:
    """Whether the event loop stood still: that decides every case."""
    return claim.requirement == BLOCKED and not claim.held


def _claims(case: Case, seen: Seen, context: Context, requires: Collection[str] | None = None) -> Iterator[Claim]:
    """The claims about one trace: all, or those of the parts that speak of some requirements."""
    if case.kind == "surface":
        yield from surface(case, seen.trace)
        return
    yield from as_written(case, seen)
    yield from server(seen, context.server.spec_version, requires)
    if len(seen.boundaries) > 2:
        yield from middleware(seen, context.may)
    elif seen.missed:
        yield from held_up(seen)
    begun = any(m.app.get("step") is not None for m in seen.missed)  # an operation that never ended is one, too
    if not seen.operations and not (begun and context.framework == STARLETTE):
        return
    if context.framework == STARLETTE and (requires is None or any(id.startswith("starlette.") for id in requires)):
        yield from framework(case, seen, requires)
    elif context.framework in DIALECTS:
        yield from dialect(case, seen, context.framework)


def _drop_held_where_breached(findings: list[Finding]) -> Iterator[Finding]:
    """A requirement that was breached once by a layer is not also shown as held by it."""
    good = (Verdict.PASS, Verdict.NOTE)
    breached = {(f.requirement, f.layer, f.component) for f in findings if f.verdict not in good}
    for f in dict.fromkeys(findings):
        if f.verdict not in good or (f.requirement, f.layer, f.component) not in breached:
            yield f


def _unexplained(case: Case, seen: Seen, context: Context, findings: tuple[Finding, ...], surprise: str) -> Judgement:
    """The script did not go as written though what it decides held: another rule was breached, or we are wrong."""
    others = [
        f
        for c in _claims(case, seen, context)
        if not c.held and not concerns(c, case) and (f := finding(c, case, context))
    ]
    worse = max(others, key=lambda f: _GRAVITY.get(f.verdict, 0), default=None)
    if worse is not None and worse.verdict not in _GRAVITY:
        worse = None
    if worse is not None:
        reason = f"could not be decided: {worse.requirement} was breached first ({worse.layer}: {worse.observed})"
        return Judgement(Verdict.SKIP, None, findings, reason)
    older = next((f for f in others if early(f, context)), None)
    if older is not None:
        return Judgement(Verdict.SKIP, None, findings, f"could not be decided: {older.observed}. {older.message}")
    if seen.waiting_in("outer.receive"):
        reason = "could not be decided: the server gave the application no event, and no document says that it must"
        return Judgement(Verdict.SKIP, None, findings, reason)
    if _unread(seen):
        reason = "could not be decided: the server answers no Close while the application receives nothing"
        return Judgement(Verdict.SKIP, None, findings, f"{reason}, and no document says when it must")
    if seen.waiting_in("outer.send") and context.framework in DIALECTS:
        reason = "could not be decided: the server had not let a send return, and no document says when it must"
        return Judgement(Verdict.SKIP, None, findings, reason)
    return Judgement(Verdict.ERROR, Layer.SUITE, (*findings, _own(surprise)), surprise)


def _unread(seen: Seen) -> bool:
    """Whether the client waits in vain for what comes after its Close, while the app lane waits for the client."""
    held = any(m.sound and m.wait in ("close", "end") and m.waits_in("barrier") for m in seen.missed)
    raw = (str(o.data["hex"]) for o in seen.at("wire", "sent.raw"))
    return held and (seen.wire.client_end == "close" or any(_holds_close(bytes.fromhex(sent)) for sent in raw))


def _holds_close(raw: bytes) -> bool:
    """Whether there is a Close among short frames that were sent in one piece."""
    at = 0
    while at + 1 < len(raw) and raw[at + 1] & 0x7F < 126:
        if raw[at] & 0x0F == 8:
            return True
        at += 2 + (raw[at + 1] & 0x7F) + (4 if raw[at + 1] & 0x80 else 0)
    return False


_GRAVITY = {Verdict.KNOWN: 1, Verdict.WARN: 2, Verdict.FAIL: 3}


def _own(reason: str) -> Finding:
    return Finding(
        "suite", Level.MUST, Layer.SUITE, Verdict.ERROR, Layer.SUITE, "client", "a script that runs as written", reason
    )


def _surprise(case: Case, seen: Seen, context: Context) -> str:
    """Where the run left the script, in a sentence; '' where it did not."""
    for missed in seen.missed:
        return f"the wait for {missed.wait} passed its deadline of {missed.seconds:g} s"
    for failed in seen.failed:
        return f"client step {failed['step']} ({failed['op']}): {failed['why']}"
    if not context.framework:
        return ""  # plain ASGI raises nothing where a framework would
    expected = {step.index: step.args for step in case.steps if step.lane == "app"}
    for operation in seen.operations:
        raises = expected[operation.step].get("raises")
        if raises == "WebSocketDisconnect" and context.framework in DIALECTS:
            raises = DIALECTS[context.framework].disconnect
        if operation.raised is not None and not raises:
            return f"app step {operation.step} ({operation.op}) raised {exception_text(operation.raised)}"
        if isinstance(raises, str) and (operation.raised is None or raises not in operation.raised["mro"]):
            got = exception_text(operation.raised) if operation.raised else "returned"
            return f"app step {operation.step} ({operation.op}) should have raised {raises}: {got}"
    return ""
