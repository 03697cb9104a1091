"""The grammar: events and fields, operations and states, frames and scopes, by what can be done to them, by layer.

Every mutant comes out of a table here or in `events`, `operations`, `wire` and `handlers`. What no document forbids
(`forbidden`) is left out by rule; nothing is left out by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from .events import EVENTS, LOST, MIDDLEWARE, Event
from .forbidden import left_out
from .handlers import of_the_application
from .mutant import Mutant
from .operations import of_the_framework
from .wire import of_the_server

LAYERS = ("server", "middleware", "framework")
INWARD = ("drop", "duplicate", "swap", "raise", "hang", "become")
OUTWARD = ("drop", "duplicate", "swap", "raise", "late", "hang", "become")
# What an event is turned into, by its short name.
MADE = {
    "receive.text": {"type": "websocket.receive", "text": "made up"},
    "disconnect": {"type": "websocket.disconnect", "code": 1000, "reason": ""},
    "send.text": {"type": "websocket.send", "text": "made up"},
    "close": {"type": "websocket.close", "code": 4321, "reason": "made up"},
}
SENT_TO_NOBODY = {
    "server": ("asgi.send.after-disconnect",),
    "middleware": MIDDLEWARE,
    "framework": ("starlette.send.lost", "starlette.state.send-lost"),
}


@cache
def mutants() -> tuple[Mutant, ...]:
    """Every mutant that some document forbids, in a fixed order."""
    return tuple(mutant for mutant in everything() if not left_out(mutant))


def everything() -> Iterator[Mutant]:
    """Every mutant that the grammar can make, with those that no document forbids."""
    for layer in LAYERS:
        for name, event in EVENTS.items():
            yield from _events(layer, name, event)
        for operator in ("swallow", "other", "hang"):
            yield _made(layer, "lost", operator, "", "", SENT_TO_NOBODY[layer], LOST, None)
    yield from of_the_server()
    yield from of_the_framework()
    yield from of_the_application()


def _events(layer: str, name: str, event: Event) -> Iterator[Mutant]:
    whole = {"server": event.server, "middleware": MIDDLEWARE, "framework": event.framework}[layer]
    for operator in INWARD if event.inward else OUTWARD:
        yield _made(layer, name, operator, "", "", whole, event.cases, event)
    for when in event.occasions:
        operator = "hang" if event.inward and event.ends else "drop"
        yield _made(layer, name, operator, "", when, whole, event.cases, event)
    for key, field in event.fields.items():
        forbids = {"server": field.server, "middleware": MIDDLEWARE, "framework": field.framework}[layer]
        for operator in field.operators:
            yield _made(layer, name, operator, key, "", forbids, event.cases, event)
        for when in field.occasions:
            yield _made(layer, name, _of_occasion(field.operators), key, when, forbids, event.cases, event)


def _of_occasion(operators: tuple[str, ...]) -> str:
    return "increased" if "increased" in operators else operators[0]


def _made(
    layer: str,
    name: str,
    operator: str,
    key: str,
    when: str,
    forbids: tuple[str, ...],
    cases: tuple[str, ...],
    event: Event | None,
) -> Mutant:
    more: dict[str, object] = {"inward": False, "type": ""}
    if event is not None:
        more = {"inward": event.inward, "type": event.type}
        if operator == "become":
            more["becomes"] = MADE[event.becomes]
    return Mutant(layer, "events", name, operator, key, when, forbids, cases, _rows(name, when), more)


def _rows(name: str, when: str) -> tuple[str, ...]:
    """Rows that show a fault of one occasion, by parts of their names."""
    by_occasion = {
        "empty": ("empty",),
        "nonascii": ("nonascii",),
        "long": ("1mib", "length-65536", "123b"),
        "going-away": ("1001-",),
        "normal": ("1000-",),
        "library": ("3000-",),
        "private": ("4001-",),
        "second": ("two", "ten"),
        "lost": ("fin", "rst", "half", "drops"),
    }
    by_event = {"connect": (".connect",), "denial.start": ("denial",), "denial.body": ("denial", "two", "empty-")}
    return by_occasion.get(when, ()) + by_event.get(name, ())
