"""Each middleware judged on what went into it and what came out of it, in both directions.

Between two neighbouring boundaries lies one entry of the stack. What it passes on must be valid in the role that it
plays; what it need not change it does not (``middleware.may`` lifts the second rule by aspect).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..model import Component, Layer
from .claims import Claim, event_text, exception_text, shown
from .seen import AtBoundary, Event, Seen

TRANSPARENT = "suite.middleware.transparent"
VALID = "asgi.middleware.valid"

# (event type, field) → the requirement that it belongs to, and the aspect under which a setting allows the change.
SUBJECTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("websocket.disconnect", "code"): ("asgi.disconnect.code", "close-code"),
    ("websocket.disconnect", "reason"): ("asgi.disconnect.reason", "reason"),
    ("websocket.receive", "text"): ("asgi.receive.text", "messages"),
    ("websocket.receive", "bytes"): ("asgi.receive.bytes", "messages"),
    ("websocket.send", "text"): ("asgi.send.text", "messages"),
    ("websocket.send", "bytes"): ("asgi.send.bytes", "messages"),
    ("websocket.accept", "subprotocol"): ("asgi.accept.subprotocol", "subprotocol"),
    ("websocket.accept", "headers"): ("asgi.accept.headers", "accept-headers"),
    ("websocket.close", "code"): ("asgi.close.code", "close-code"),
    ("websocket.close", "reason"): ("asgi.close.reason", "reason"),
    ("websocket.http.response.start", "status"): ("asgi.denial.status", "denial"),
    ("websocket.http.response.start", "headers"): ("asgi.denial.headers", "denial"),
    ("websocket.http.response.body", "body"): ("asgi.denial.body", "denial"),
    ("websocket.http.response.body", "more_body"): ("asgi.denial.body", "denial"),
}
# What a type as a whole stands for where an event is dropped, added or turned into another.
CONNECT = "websocket.connect"
TYPES: Mapping[str, str] = {
    "websocket.connect": "asgi.connect.first",
    "websocket.receive": "asgi.receive.in-order",
    "websocket.disconnect": "asgi.disconnect.sent",
    "websocket.send": "asgi.send.in-order",
    "websocket.accept": "asgi.accept.completes",
    "websocket.close": "asgi.close.code",
    "websocket.http.response.start": "asgi.denial.status",
    "websocket.http.response.body": "asgi.denial.body",
}
_DEFAULTS: Mapping[str, Any] = {"reason": "", "code": 1000, "subprotocol": None, "headers": [], "more_body": False}


def middleware(seen: Seen, may: Collection[str] = ()) -> Iterator[Claim]:
    """All claims about what lies between two ASGI boundaries."""
    for above, below in pairwise(seen.boundaries):
        component = below.above or Component("the framework's own callables", Layer.FRAMEWORK)
        claims = [*_inward(component, above, below, seen, may), *_outward(component, above, below, seen, may)]
        yield from claims
        if component.layer is Layer.MIDDLEWARE:
            for id in (VALID, TRANSPARENT):
                if all(claim.held or claim.requirement != id for claim in claims):
                    yield _claim(component, id, True, "every event passed on", "every event passed on", below.name, id)
    yield from _broken_off(seen)
    yield from held_up(seen)


def _claim(component: Component, id: str, held: bool, expected: str, observed: str, boundary: str, about: str) -> Claim:
    return Claim(id, held, component.layer, boundary, expected, observed, component, about)


def _inward(
    component: Component, above: AtBoundary, below: AtBoundary, seen: Seen, may: Collection[str]
) -> Iterator[Claim]:
    """What the entry gave to the application side, against what it was given."""
    given, passed = above.received, below.received
    for index, event in enumerate(passed):
        kind = str(event.get("type"))
        if index >= len(given) or given[index].get("type") != kind:
            was = event_text(given[index]) if index < len(given) else "no further event"
            replaced = given[index] if index < len(given) and not _inserted(given, passed, index) else event
            for subject in _subjects(replaced):
                yield _claim(component, VALID, False, was, event_text(event), below.name, subject)
            return
        yield from _same(component, given[index], event, below.name, may, seen)
    missing = given[len(passed) :]
    if missing and below.receive_raised and not above.receive_raised:
        event, observed = missing[0], _raised(below.receive_raised[-1])
        own = (_code_subject(seen),) if event.get("type") == "websocket.disconnect" else ()
        for about in (*_subjects(event), *own):
            yield _claim(component, VALID, False, event_text(event), observed, below.name, about)
        return
    lost = next((event for event in missing if event.get("type") == "websocket.disconnect"), None)
    if lost is not None and seen.waiting_in(f"{below.name}.receive"):
        observed = "no event within the deadline"
        for about in ("asgi.disconnect.sent", _code_subject(seen)):
            yield _claim(component, "asgi.disconnect.sent", False, event_text(lost), observed, below.name, about)
    elif missing and missing[0].get("type") == "websocket.connect" and seen.waiting_in(f"{below.name}.receive"):
        yield _claim(
            component, VALID, False, event_text(missing[0]), "no event within the deadline", below.name, TYPES[CONNECT]
        )
    elif missing and missing[0].get("type") == "websocket.receive" and seen.waiting_in(f"{below.name}.receive"):
        observed = "no event within the deadline"
        for about in _subjects(missing[0]):
            yield _claim(component, TRANSPARENT, False, event_text(missing[0]), observed, below.name, about)


def _subjects(event: Event) -> tuple[str, ...]:
    """The requirements that an event as a whole belongs to."""
    kind = str(event.get("type"))
    whole = TYPES.get(kind, VALID)
    if kind in ("websocket.receive", "websocket.send"):
        return whole, SUBJECTS[kind, "text" if event.get("text") is not None else "bytes"][0]
    return (whole, "asgi.close.before-accept") if kind == "websocket.close" else (whole,)


def _code_subject(seen: Seen) -> str:
    """Which requirement the code of a disconnect belongs to, by how the client left."""
    frame = seen.wire.client_close
    if seen.wire.client_end in ("fin", "rst", "half"):
        return "asgi.disconnect.lost-code"
    return "asgi.disconnect.default-code" if frame is not None and frame.get("code") is None else "asgi.disconnect.code"


def _same(
    component: Component, given: Event, passed: Event, boundary: str, may: Collection[str], seen: Seen
) -> Iterator[Claim]:
    """One event on both sides of the entry, field by field."""
    kind = str(given.get("type"))
    for name in sorted({*given, *passed} - {"type"}):
        about, aspect = SUBJECTS.get((kind, name), (VALID, "other"))
        before, after = given.get(name, _DEFAULTS.get(name)), passed.get(name, _DEFAULTS.get(name))
        before, after = (value or _DEFAULTS.get(name) if name == "reason" else value for value in (before, after))
        same = _contains(after, before) if name == "headers" else before == after
        if same:
            yield _claim(component, about, True, f"{name}={shown(before)}", f"{name}={shown(after)}", boundary, about)
            continue
        if aspect in may:
            continue
        # A code that no client sent is a false statement of the server's; other changes are allowed, if unwelcome.
        if (kind, name) == ("websocket.disconnect", "code"):
            subject = _code_subject(seen)
            id = about if subject == about else VALID
            yield _claim(component, id, False, event_text(given), event_text(passed), boundary, subject)
            continue
        for subject in (about, TYPES[kind]) if kind in ("websocket.receive", "websocket.send") else (about,):
            yield _claim(component, TRANSPARENT, False, event_text(given), event_text(passed), boundary, subject)


def _contains(after: Any, before: Any) -> bool:
    """Added headers are always legal; dropped, changed and reordered ones are a change."""
    remaining = iter(after if isinstance(after, Sequence) else ())
    return all(pair in remaining for pair in before or [])


def _outward(
    component: Component, above: AtBoundary, below: AtBoundary, seen: Seen, may: Collection[str]
) -> Iterator[Claim]:
    """What the entry sent to the server side, against what it was sent."""
    asked, sent = [s.event for s in below.sent], [s.event for s in above.sent]
    for index, event in enumerate(sent):
        if index >= len(asked):
            yield _claim(
                component, VALID, False, "nothing more to send", event_text(event), above.name, _subjects(event)[0]
            )
            return
        if asked[index].get("type") != event.get("type"):
            # In the place of the answer to the handshake, one more answer is one instead of the application's.
            added = index > 0 and _inserted(asked, sent, index)
            for subject in _subjects(event if added else asked[index]):
                yield _claim(component, VALID, False, event_text(asked[index]), event_text(event), above.name, subject)
            return
        yield from _same(component, asked[index], event, above.name, may, seen)
        yield from _ended(component, event, above, below, index, seen)
    if len(asked) <= len(sent) or any(s.raised for s in above.sent):
        return
    lost, raised = asked[len(sent)], below.sent[len(sent)].raised
    held_back = seen.waiting_in(f"{below.name}.send")
    for subject in _subjects(lost):
        if raised is not None:
            yield _claim(component, VALID, False, event_text(lost), _raised(raised), above.name, subject)
        elif below.sent[len(sent)].returned:
            yield _claim(component, TRANSPARENT, False, event_text(lost), "not passed on", above.name, subject)
        elif held_back is not None:
            observed = f"not passed on within {held_back.seconds:g} s"
            yield _claim(component, TRANSPARENT, False, event_text(lost), observed, above.name, subject)


def _ended(
    component: Component, event: Event, above: AtBoundary, below: AtBoundary, index: int, seen: Seen
) -> Iterator[Claim]:
    """How one send ended on both sides of the entry."""
    given, told = above.sent[index], below.sent[index]
    missed = seen.waiting_in(f"{below.name}.send")
    outcome = "the send returned"
    if told.raised is not None:
        outcome = f"the send raised {exception_text(told.raised)}"
    elif missed is not None and not told.returned:
        outcome = f"the send had not ended after {missed.seconds:g} s"
    elif not told.returned:
        return
    if given.raised is not None and "OSError" in given.raised.get("mro", ()):
        if "OSError" not in (told.raised or {}).get("mro", ()):
            id = "asgi.send.after-disconnect"
            yield _claim(component, id, False, exception_text(given.raised), outcome, below.name, id)
    elif given.returned and not told.returned:
        for subject in _subjects(event):
            yield _claim(component, VALID, False, "the send returned", outcome, below.name, subject)


def _raised(exc: Mapping[str, Any]) -> str:
    """What an entry raised of its own accord, and where."""
    return f"{exception_text(exc)}, raised at {exc.get('at', '?')}"


def _broken_off(seen: Seen) -> Iterator[Claim]:
    """An entry that raises before it has called what lies below it, in the place of an answer."""
    last, component = seen.boundaries[-1], _innermost(seen)
    exc = (last.exit or {}).get("exc")
    if exc is not None and not last.sent and not last.receive_raised and component is not None:
        yield _claim(component, VALID, False, "what lies below it is called", _raised(exc), last.name, VALID)


def held_up(seen: Seen) -> Iterator[Claim]:
    """An entry that neither answers the handshake nor calls what lies below it."""
    if not seen.boundaries:
        return
    last, component = seen.boundaries[-1], _innermost(seen)
    missed = next((m for m in seen.missed if m.wait == "response" and m.sound and not m.app.get("over")), None)
    if missed is not None and component is not None and not last.sent:
        expected, observed = "an answer, or what lies below it is called", f"neither within {missed.seconds:g} s"
        yield _claim(component, TRANSPARENT, False, expected, observed, last.name, TYPES[CONNECT])


def _innermost(seen: Seen) -> Component | None:
    """The middleware that was entered last, where nothing below it was."""
    who = seen.boundaries[-1].entered.get("below") or {}
    if who.get("layer") != "middleware" or seen.framework:
        return None
    return Component(who["name"], Layer.MIDDLEWARE, who.get("file", ""), who.get("line", 0))


def _inserted(before: Sequence[Event], after: Sequence[Event], index: int) -> bool:
    """Whether the event at this place was added, and what stood there before comes after it."""
    return index + 1 < len(after) and after[index + 1].get("type") == before[index].get("type")
