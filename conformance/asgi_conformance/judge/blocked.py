"""A loop that stands still, and whose code it stands in: a missed deadline proves nothing of the server then."""

from __future__ import annotations

from ..model import Component, Layer
from .claims import Claim
from .seen import LATE_US, Seen

REQUIREMENT = "asgi.application.async"
_OURS = "asgi_conformance/child/"
_FRAMEWORKS = ("starlette", "fastapi", "litestar", "quart", "channels", "falcon", "blacksheep", "sanic")
_SERVERS = ("uvicorn", "hypercorn", "daphne", "granian", "twisted", "autobahn", "wsproto")
_SERVER_LAYERS = tuple((f"/{name}/", Layer.SERVER) for name in _SERVERS)
_LAYERS = (*((f"/{name}/", Layer.FRAMEWORK) for name in _FRAMEWORKS), *_SERVER_LAYERS)


def blocked(seen: Seen) -> Claim | None:
    """The claim that the target's loop stood still while this process's own did not; None where it turned."""
    for o in seen.at("client", "deadline"):
        lag, own = o.data.get("child_loop_lag_us", 0), o.data.get("own_lag_us", 0)
        stack = o.data.get("child_loop_stack") or []
        if own < LATE_US < lag and stack:
            component = _component(stack)
            observed = f"the loop stood still for more than {LATE_US / 1_000_000:g} s in {component.name}"
            expected = "an event loop that goes on turning"
            return Claim(REQUIREMENT, False, component.layer, "outer", expected, observed, component)
    return None


def _component(stack: list[str]) -> Component:
    """Below the suite's own frames the outermost tells the layer, and the innermost the place.

    Where the stack ends in the probe itself, an operation of the framework returns again and again without waiting.
    """
    ours = max((place for place, entry in enumerate(stack) if _OURS in entry), default=-1)
    theirs = stack[ours + 1 :]
    if not theirs:
        return Component("an operation that never waits", Layer.FRAMEWORK)
    layer = next((layer for part, layer in _LAYERS if part in theirs[0]), Layer.MIDDLEWARE)
    place, _, name = theirs[-1].rpartition(" ")
    file, _, line = place.rpartition(":")
    return Component(name, layer, file, int(line) if line.isdecimal() else 0)
