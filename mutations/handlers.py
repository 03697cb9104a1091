"""The application's part of the grammar: what a handler sends, and how it takes what the client does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asgi_conformance.cases.routes import WAYS

from .events import EVENTS
from .mutant import Mutant

VALID = ("asgi.application.valid-message",)
ENDED = ("asgi.application.no-send-after-end",)
CODE = ("asgi.close.legal-code",)
REASON = ("asgi.close.legal-reason",)
TOLERANT = ("suite.handler.input-tolerated", "suite.handler.disconnect-caught")
ENDS = ("suite.handler.ends",)
# The ways that every fault of what a handler sends is looked for by.
SOME = ("route.close-1000", "route.text", "route.binary")


def _bytes(text: str) -> dict[str, str]:
    return {"bytes": text}


_PAIR = [[_bytes("X-Upper"), _bytes("1")]]
_OWN = [[_bytes("sec-websocket-protocol"), _bytes("chat")]]
# (handler, event, field) → wrong values by name, and what forbids them.
VALUES: dict[tuple[str, str, str], tuple[dict[str, Any], tuple[str, ...]]] = {
    ("echo", "accept", "subprotocol"): (
        {"not-offered": "never.offered", "number": 5, "bytes": _bytes("chat"), "list": ["chat"]},
        ("rfc6455.handshake.application-subprotocol", *VALID),
    ),
    ("echo", "accept", "headers"): (
        {"text-pairs": [["x-a", "1"]], "upper": _PAIR, "subprotocol": _OWN, "single": [[_bytes("x")]], "text": "x: 1"},
        ("asgi.accept.header-names", "asgi.accept.no-subprotocol-header", *VALID),
    ),
    ("echo", "send.text", "text"): ({"none": None, "number": 5, "bytes": _bytes("x"), "list": ["x"]}, VALID),
    ("echo", "send.text", "bytes"): ({"both": _bytes("x")}, VALID),
    ("echo", "send.text", "type"): ({"unknown": "websocket.message", "http": "http.response.body"}, VALID),
    ("echo", "send.bytes", "bytes"): ({"none": None, "number": 5, "text": "x"}, VALID),
    ("closing", "close", "code"): (
        {str(code): code for code in (0, 500, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535, 65536, -1)}
        | {"text": "4000", "float": 4000.5, "true": True, "list": [4000]},
        CODE,
    ),
    ("closing", "close", "reason"): (
        {"long": "x" * 124, "nonascii-long": "\xfc" * 62, "number": 5, "bytes": _bytes("x"), "list": ["x"]},
        REASON,
    ),
    ("refusing", "close", "code"): ({"text": "1008", "float": 1008.5, "true": True}, CODE),
    ("refusing", "close", "reason"): ({"number": 5, "bytes": _bytes("x")}, REASON),
    ("denying", "denial.start", "status"): ({"text": "401", "none": None, "float": 401.5}, VALID),
    ("denying", "denial.start", "headers"): ({"text-pairs": [["x-a", "1"]], "text": "x: 1"}, VALID),
    ("denying", "denial.body", "body"): ({"text": "who?", "number": 5, "list": [_bytes("x")]}, VALID),
}
# (handler, event) → what may be done to the whole of it.
WHOLES: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("echo", "accept"): {
        "drop": VALID,
        "duplicate": VALID,
        "raise": (*TOLERANT, "asgi.connect.answered"),
        "late": TOLERANT,
        "become": VALID,
    },
    ("echo", "send.text"): {"duplicate": (), "raise": TOLERANT, "late": TOLERANT, "become": (), "hang": ENDS},
    ("echo", "send.bytes"): {"raise": TOLERANT, "late": TOLERANT, "become": (), "hang": ENDS},
    ("closing", "close"): {"duplicate": ENDED, "raise": TOLERANT, "late": TOLERANT, "become": (), "drop": ()},
    ("refusing", "close"): {
        "drop": ("asgi.connect.answered",),
        "duplicate": ENDED,
        "raise": TOLERANT,
        "late": TOLERANT,
        "become": VALID,
    },
    ("denying", "denial.start"): {"drop": VALID, "duplicate": VALID, "raise": TOLERANT, "become": (*VALID, *ENDED)},
    ("denying", "denial.body"): {"duplicate": ENDED, "raise": TOLERANT, "late": TOLERANT, "become": VALID},
    ("echo", "connect"): {"raise": (*TOLERANT, "asgi.connect.answered"), "hang": ENDS, "drop": ENDS},
    ("echo", "receive.text"): {"raise": TOLERANT, "hang": ENDS, "drop": (), "duplicate": ()},
    ("echo", "receive.bytes"): {"raise": TOLERANT, "hang": ENDS, "drop": ()},
    ("echo", "disconnect"): {"raise": TOLERANT, "hang": ENDS, "drop": ENDS, "become": ENDED},
}
BECOMES = {
    "accept": {"type": "websocket.send", "text": "early"},
    "send.text": {"type": "websocket.close", "code": 4000, "reason": ""},
    "send.bytes": {"type": "websocket.close", "code": 4000, "reason": ""},
    "close": {"type": "websocket.send", "text": "goodbye"},
    "denial.start": {"type": "websocket.close", "code": 1000, "reason": ""},
    "denial.body": {"type": "websocket.send", "text": "goodbye"},
    "disconnect": {"type": "websocket.receive", "text": "made up"},
}
BEHAVIOUR = {
    "raise": TOLERANT,
    "hang": ENDS,
    "send": ENDED,
    "close": ENDED,
    "leave-task": ("suite.handler.tasks-ended",),
    "block": ("asgi.application.async", "suite.handler.loop-free"),
    "exit": ("asgi.application.one-connection",),
}
# At which ways a handler that has misbehaved at the departure shows it, with the behaviours that are tried.
DEPARTURES: dict[str, tuple[str, ...]] = {
    **{f"route.close-{code}": ("raise", "hang", "send") for code in (1001, 1002, 1008, 1011, 1012, 3000, 4001, 4999)},
    "route.close-1000": tuple(BEHAVIOUR),
    "route.close-empty": ("raise", "hang", "send"),
    "route.fin": ("raise", "hang", "send"),
    "route.rst": ("raise", "hang", "send"),
    "route.half-close": ("raise", "hang", "send"),
    "route.after-accept": ("raise", "hang", "send"),
    "route.mid-message": ("raise", "hang", "send"),
}
# The kind of message that a way sends, with the behaviours that are tried.
ARRIVALS: dict[str, tuple[str, tuple[str, ...]]] = {
    "route.text": ("", ("raise", "hang", "exit", "block")),
    "route.binary": ("binary", ("raise", "hang")),
    "route.not-json": ("not-json", ("raise", "hang")),
    "route.empty": ("empty", ("raise", "hang")),
    "route.large": ("large", ("raise", "hang")),
    "route.burst": ("", ("raise", "hang")),
}
FAILED_SENDS = dict.fromkeys(("route.while-app-sends", "route.stops-reading"), ("raise", "hang", "send", "leave-task"))


def of_the_application() -> Iterator[Mutant]:
    """The mutants of handlers."""
    for (handler, name, field), (values, forbids) in VALUES.items():
        for label, value in values.items():
            more = {"handler": handler, "operator": "given", "given": value, **_about(name)}
            yield Mutant(
                "application",
                "events",
                f"{handler}.{name}",
                label,
                field,
                "",
                forbids,
                SOME,
                (),
                _about_event(more, name),
            )
    for (handler, name), operators in WHOLES.items():
        for operator, forbids in operators.items():
            more = {"handler": handler, "becomes": BECOMES.get(name, {}), **_about(name)}
            cases: tuple[str, ...] = ("route.before-accept", *SOME) if name in ("accept", "connect") else SOME
            yield Mutant(
                "application",
                "events",
                f"{handler}.{name}",
                operator,
                "",
                "",
                forbids,
                cases,
                (),
                _about_event(more, name),
            )
    for way, operators_ in DEPARTURES.items():
        for operator in operators_:
            yield _behaviour("departure", operator, way, "")
    for way, (when, operators_) in ARRIVALS.items():
        for operator in operators_:
            yield _behaviour("message", operator, way, when)
    for way, operators_ in FAILED_SENDS.items():
        for operator in operators_:
            yield _behaviour("failed-send", operator, way, "")
    other = ("asgi.application.one-connection",)
    for operator in ("disturb", "exit"):
        more = {"subject": "departure", "when": ""}
        yield Mutant(
            "application", "behaviour", "departure", operator, "", "beside", other, ("route.beside",), (), more
        )
    for operator in ("raise", "hang"):
        more = {"subject": "departure", "when": ""}
        cases = ("route.before-accept",)
        yield Mutant(
            "application", "behaviour", "departure", operator, "", "before-accept", BEHAVIOUR[operator], cases, (), more
        )


def _about(name: str) -> dict[str, Any]:
    event = EVENTS[name]
    return {"inward": event.inward, "type": event.type}


def _about_event(more: dict[str, Any], name: str) -> dict[str, Any]:
    return {**more, "subject": name}


def _behaviour(subject: str, operator: str, way: str, when: str) -> Mutant:
    assert way in WAYS, way
    more = {"when": when}
    name = way.partition(".")[2]
    return Mutant("application", "behaviour", subject, operator, "", name, BEHAVIOUR[operator], (way,), (), more)
