"""How each framework other than Starlette names what the app lane does: what a case written once means for it.

A case cites what Starlette documents. Where the target uses another framework, what that framework documents of the
same topic stands in its place: ``falcon.disconnect.code`` for ``starlette.disconnect.code``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from . import requirements
from .model import Case

STARLETTE = "starlette"
NO_FRAMEWORK = "it decides what a framework documents, and the target uses none that is known"
# What only Starlette's own names and tables can decide.
_OWN = ("starlette.", "fastapi.")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One framework's public API, as far as findings need it.

    ``disconnect``: the class that a receive raises once the client has left, '' where it returns None.
    ``wrong_type``: the class that receive_text raises for a binary message and receive_bytes for a text, '' where
    none is documented. ``lost``: the class that a send raises once the client has left. ``close_code``: the default
    of close(). ``states``: the public states after ``initial``, ``accepted``, ``disconnected`` and ``closed``, each
    attribute with its value. ``error_code``: what the connection of a handler that raised is closed with.
    ``reasons``: the ranges of close codes that have a reason by default. ``accepts``: whether it accepts before it
    calls the handler. ``headers_since``: the ASGI version of the server from which its accept() takes headers.
    ``beyond``: why an operation with such arguments is not documented, '' where it is.
    """

    disconnect: str
    wrong_type: str = ""
    lost: str = ""
    close_code: int = 1000
    error_code: int | None = None
    states: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    reasons: tuple[tuple[int, int], ...] = ()
    accepts: bool = False
    headers_since: tuple[int, int] = (2, 0)
    beyond: Callable[[str, Mapping[str, Any]], str] = lambda op, args: ""


def _beyond_falcon(op: str, args: Mapping[str, Any]) -> str:
    if args.get("mode") == "binary":
        return "Falcon documents MessagePack, not JSON, for binary messages"
    if op == "accept" and any(not part.isascii() for pair in args.get("headers") or () for part in pair):
        return "Falcon documents US-ASCII alone for the headers of accept()"
    return ""


_OPEN, _SHUT = {"unaccepted": False, "ready": True, "closed": False}, {"ready": False, "closed": True}
FALCON = Dialect(
    disconnect="WebSocketDisconnected",
    wrong_type="PayloadTypeError",
    lost="WebSocketDisconnected",
    error_code=1011,
    states={
        "initial": {"unaccepted": True, "ready": False, "closed": False},
        "accepted": _OPEN,
        "disconnected": _SHUT,
        "closed": _SHUT,
    },
    reasons=((1000, 4999),),  # the target may configure more than there are by default
    headers_since=(2, 1),
    beyond=_beyond_falcon,
)


def _beyond_quart(op: str, args: Mapping[str, Any]) -> str:
    if op == "accept" and any(not part.isascii() for pair in args.get("headers") or () for part in pair):
        return "Quart documents no encoding of headers that are not ASCII"
    return "Quart documents no mode of its JSON messages" if args.get("mode") == "binary" else ""


def _beyond_sanic(op: str, args: Mapping[str, Any]) -> str:
    if op == "iterate" and args.get("kind") == "json":
        return "Sanic documents no JSON messages"
    if op == "accept" and args:
        return "Sanic accepts before it calls the handler, which chooses neither subprotocol nor headers"
    return ""


def _beyond_channels(op: str, args: Mapping[str, Any]) -> str:
    if args.get("mode") == "binary":
        return "Channels documents JSON in text messages alone"
    if op in ("return", "hang", "cancel"):
        return "a consumer of Channels does not end by returning: it ends with its connection"
    return ""


def _beyond_blacksheep(op: str, args: Mapping[str, Any]) -> str:
    return "BlackSheep's receive() gives messages alone, and no other event" if op == "receive" else ""


_BOTH = ("client_state", "application_state")
BLACKSHEEP = Dialect(
    disconnect="WebSocketDisconnectError",
    error_code=1011,
    states={
        "accepted": dict.fromkeys(_BOTH, 1),
        "disconnected": dict.fromkeys(_BOTH, 2),
        "closed": {"application_state": 2},
    },
    beyond=_beyond_blacksheep,
)


DIALECTS: Mapping[str, Dialect] = {
    "litestar": Dialect(disconnect="WebSocketDisconnect", error_code=4500),
    "quart": Dialect(disconnect="CancelledError", beyond=_beyond_quart),
    "channels": Dialect(disconnect="Disconnected", beyond=_beyond_channels),
    "falcon": FALCON,
    "blacksheep": BLACKSHEEP,
    "sanic": Dialect(disconnect="ConnectionClosed", beyond=_beyond_sanic, accepts=True),
}


# What these cases decide as well where a framework documents it: Starlette leaves it to the server.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "lost.handler.returns": ("handler.returns",),
    "lost.handler.raises": ("handler.error", "handler.http-error"),
    "lost.send.closed": ("send.told",),
    "lost.send.gone": ("send.told",),
    "lost.send.bytes": ("send.told", "close.again"),
    "close.app.code": ("close.sent", "state.closed"),
    "close.client.code": ("state.disconnected",),
    "handshake.accept": ("accept.sent", "state.accepted"),
}


def as_decided(case: Case, framework: str) -> Case:
    """The case with what this framework documents in the place of what Starlette documents; '' for no framework."""
    if framework == STARLETTE or case.kind != "probe":
        return case
    also = tuple(f"{framework}.{topic}" for topic in _ALSO.get(case.id, ()))
    return replace(case, requires=_translated((*case.requires, *also), framework))


def decided_by(case: Case) -> frozenset[str]:
    """The requirements that a case decides under some framework."""
    return frozenset(case.requires).union(*(as_decided(case, framework).requires for framework in ("", *DIALECTS)))


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


def early(case: Case, product: str, spec_version: str) -> str:
    """Why a framework documents that it does not do this behind a server of so early a version of ASGI, or ''."""
    dialect = DIALECTS.get(product)
    served = tuple(int(part) for part in spec_version.split(".")[:2] if part.isdigit())
    if dialect is None or served >= dialect.headers_since:
        return ""
    accepts = (step for step in case.steps if step.lane == "app" and step.op == "accept")
    if any((step.args.get("args") or {}).get("headers") for step in accepts):
        return f"{product} documents no headers of accept() behind a server that advertises ASGI {spec_version}"
    return ""


def undocumented(case: Case, product: str, operations: Collection[str]) -> str:
    """Why a case lies beyond what a framework documents, '' if it does not; ``operations``: all its lane offers."""
    dialect = DIALECTS.get(product)
    if case.kind == "surface" and dialect is not None:
        return f"these values are Starlette's, and the target uses {product}"
    if case.kind == "probe" and not case.requires:
        return f"no document of {product} speaks of what this case decides" if product else NO_FRAMEWORK
    lane = [step.op for step in case.steps if step.lane == "app"]
    if dialect is not None and dialect.accepts and lane[:1] not in ([], ["accept"]):
        return f"{product} accepts before it calls the handler"
    always = ("return", "raise", "hang", "cancel", "join", "abandon")
    for step in case.steps:
        if step.lane == "app" and operations and step.op not in (*operations, *always):
            return f"{product} documents no {step.op}() of its WebSocket"
        if step.lane == "app" and dialect is not None and (step.args.get("args") or {}).get("beside"):
            return f"{product} documents nothing of two tasks that use one WebSocket"
        if step.lane == "app" and dialect is not None and (why := dialect.beyond(step.op, step.args.get("args") or {})):
            return why
    return ""
