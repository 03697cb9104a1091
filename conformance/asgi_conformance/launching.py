"""How the target of a plan is launched: at once, while this process still imports what drives and judges it."""

from __future__ import annotations

from dataclasses import replace

from .addresses import PROBE
from .harness.deadlines import Deadlines
from .harness.process import Launch, TargetProcess
from .plan import TESTCLIENT, Plan


def deadlines(plan: Plan) -> Deadlines:
    """How long the waits of a run may take."""
    return Deadlines(plan.settings.deadline, plan.server == TESTCLIENT)


def start(plan: Plan) -> TargetProcess:
    """Start the child; it starts up meanwhile. Raises `StartError` where there is nothing to run."""
    return TargetProcess(launch(plan), deadlines(plan))


def launch(plan: Plan) -> Launch:
    """What the child is to import and serve, and with what."""
    settings = plan.settings
    made = Launch(
        target=plan.target,
        app_dir=plan.app_dir,
        factory=plan.factory,
        server=plan.server,
        ws=plan.ws,
        tls=plan.tls,
        unix=plan.unix,
        probe_path=PROBE,
        inside=settings.probe == "inside",
        env=settings.env,
        options=settings.uvicorn if plan.server == "uvicorn" else {},
    )
    return replace(made, python=plan.python) if plan.python else made
