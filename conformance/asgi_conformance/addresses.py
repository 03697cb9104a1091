"""Where the client of a probe case connects to."""

from __future__ import annotations

from .harness.endpoint import Address, Endpoint
from .model import Case
from .settings import Settings

PROBE = "/__asgi_conformance__"
# In the needs of a case about the server alone: the bare probe stands in for the target, whatever that is.
OUTERMOST = "outermost"


def probe_address(case: Case, endpoint: Endpoint, settings: Settings) -> Address:
    """The probe's address as the user's settings have it; where the target is left out, so is what leads to it."""
    if OUTERMOST in case.needs:
        return Address(endpoint, PROBE)
    path = settings.probe_prefix + PROBE
    if settings.query:
        path += "?" + settings.query
    return Address(endpoint, path, headers=settings.request_headers, subprotocols=settings.subprotocols)
