"""What is not right is run again: what a repetition and the control say of the first run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .harness.runner import Ran
from .judge import Judgement
from .judge.blocked import REQUIREMENT as BLOCKED
from .judge.seen import read
from .model import Layer, Result, Verdict


def stood_still(result: Result) -> bool:
    """Whether a case of the stack met a loop that stood still, be it by its own doing or by another's."""
    return result.case.kind != "route" and any(f.requirement == BLOCKED for f in result.findings)


def waited(ran: Ran) -> bool:
    """Whether a deadline passed: a repetition would wait for it once more."""
    return bool(ran.trace.at("client", "deadline"))


def proves_nothing(result: Result, ran: Ran) -> bool:
    """Whether a run shows no more than that this machine was late itself: another answer does not contradict it."""
    return result.verdict is Verdict.ERROR and any(not missed.sound for missed in read(ran.trace).missed)


def with_control(judgement: Judgement, control: Ran, judged: Callable[[Ran], Judgement]) -> Judgement:
    """A finding that the bare probe shows too is the server's."""
    if judgement.layer not in (Layer.MIDDLEWARE, Layer.FRAMEWORK) or control.crashed:
        return judgement
    breached = {
        f.requirement for f in judged(control).findings if f.layer is Layer.SERVER and f.verdict is Verdict.FAIL
    }
    mine = {f.requirement for f in judgement.findings if f.verdict is Verdict.FAIL}
    return replace(judgement, layer=Layer.SERVER) if mine and mine <= breached else judgement
