"""How the target of a plan is launched."""

from __future__ import annotations

from dataclasses import replace

from .addresses import PROBE
from .harness.process import Launch
from .plan import Plan


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
