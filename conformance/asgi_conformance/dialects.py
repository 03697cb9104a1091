"""How each framework other than Starlette names what the app lane does: what a case written once means for it.

A case cites what Starlette documents. Where the target uses another framework, what that framework documents of the
same topic stands in its place: ``falcon.disconnect.code`` for ``starlette.disconnect.code``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from . import requirements
from .model import Case

STARLETTE = "starlette"
# What only Starlette's own names and tables can decide.
_OWN = ("starlette.", "fastapi.")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One framework's public API, as far as findings need it.

    ``disconnect``: the class that a receive raises once the client has left, '' where it returns None. ``wrong_type``: the
    class that receive_text raises for a binary message and receive_bytes for a text, '' where none is documented.
    ``lost``: the class that a send raises once the client has left. ``close_code``: the default of close(). ``states``: the public
    states after ``initial``, ``accepted``, ``disconnected`` and ``closed``, each attribute with its value.
    """

    disconnect: str
    wrong_type: str = ""
    lost: str = ""
    close_code: int = 1000
    error_code: int | None = None
    states: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


DIALECTS: Mapping[str, Dialect] = {
    "litestar": Dialect(disconnect="WebSocketDisconnect", error_code=4500),
    "quart": Dialect(disconnect="CancelledError"),
    "channels": Dialect(disconnect="Disconnected"),
    "falcon": Dialect(disconnect="WebSocketDisconnected", wrong_type="PayloadTypeError", lost="WebSocketDisconnected"),
    "blacksheep": Dialect(disconnect="WebSocketDisconnectError"),
    "sanic": Dialect(disconnect=""),
}


def as_decided(case: Case, framework: str) -> Case:
    """The case with what this framework documents in the place of what Starlette documents; '' for no framework."""
    if framework == STARLETTE or case.kind != "probe":
        return case
    return replace(case, requires=_translated(case.requires, framework))


@cache
def _translated(ids: tuple[str, ...], framework: str) -> tuple[str, ...]:
    known = requirements.load()
    out = []
    for id in ids:
        if id.startswith(_OWN):
            id = f"{framework}.{id.partition('.')[2]}"
        if id in known:
            out.append(id)
    return tuple(dict.fromkeys(out))
