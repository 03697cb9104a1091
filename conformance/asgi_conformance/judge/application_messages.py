"""What a handler sends: legal events at legal places with legal values, and nothing after the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import close_codes
from ..model import Component, Layer, Observation
from .claims import Claim, event_text, shown
from .seen import Event, Seen

ANSWERS = ("websocket.accept", "websocket.close", "websocket.http.response.start")
_ALLOWED = {
    "connecting": ANSWERS,
    "open": ("websocket.send", "websocket.close"),
    "denying": ("websocket.http.response.body",),
}
# What the framework sends of its own accord is not the handler's; endpoint classes act on the handler's behalf.
_FRAMEWORKS = ("starlette.", "fastapi.", "litestar.", "quart.", "channels.", "falcon.", "blacksheep.", "sanic.")
LONGEST_REASON = 123


def place(file_and_line: str, who: Component) -> str:
    """``file:line`` with the file as the component has it."""
    file, _, line = file_and_line.partition(" ")[0].rpartition(":")
    return f"{who.file if who.file and file.endswith(who.file) else file}:{line}"


def messages(seen: Seen, who: Component) -> Iterator[Claim]:
    """The claims about all that a handler sent, up to the first that is wrong: what comes after may follow from it."""
    state = "connecting"
    ended: dict[int, str] = {}
    judged: dict[str, Claim] = {}
    for o in seen.at("route"):
        task = o.data.get("task", 0)
        if o.kind == "receive" and o.data["event"].get("type") == "websocket.disconnect":
            ended.setdefault(task, "the handler had received websocket.disconnect")
        elif o.kind == "send.raised":
            ended.setdefault(task, f"a send of the handler had raised {str(o.data['exc']['type']).rpartition('.')[2]}")
        elif o.kind in ("send", "send.refused"):
            event = o.data["event"]
            for claim in _one(o, state, ended, seen, who):
                if not claim.held:
                    yield claim
                    if claim.requirement != "asgi.application.send-from-other-task":
                        return
                judged.setdefault(claim.requirement, claim)
            state = _after(state, event)
            if state == "closed":
                ended.setdefault(task, f"the handler had sent {event.get('type')}")
    yield from (claim for claim in judged.values() if claim.held)


def _one(o: Observation, state: str, ended: Mapping[int, str], seen: Seen, who: Component) -> Iterator[Claim]:
    event, by = o.data["event"], o.data.get("by") or {}
    if str(by.get("module", "")).startswith(_FRAMEWORKS) and by.get("module") != "starlette.endpoints":
        return
    where = place(str(by.get("at", "")), who)
    task = o.data.get("task", 0)

    def claim(id: str, held: bool, expected: str, wrong: str = "") -> Claim:
        observed = (wrong or event_text(event)) if held else f"{wrong or event_text(event)}, sent at {where}"
        return Claim(id, held, Layer.APPLICATION, "route", expected, observed, who)

    if task in ended:
        yield claim("asgi.application.no-send-after-end", False, f"nothing sent once {ended[task]}")
        return
    if ended:
        yield claim("asgi.application.send-from-other-task", False, "no document speaks of this")
        return
    yield claim("asgi.application.no-send-after-end", True, "nothing sent after the end")
    allowed = _ALLOWED.get(state, ())
    kind = event.get("type")
    if kind not in allowed or o.kind == "send.refused":
        yield claim("asgi.application.valid-message", False, "one of " + ", ".join(allowed))
        return
    wrong = wrong_types(event)
    yield claim("asgi.application.valid-message", not wrong, "values of the stated types", wrong)
    if not wrong:
        for id, held, expected, observed in _values(event, state, seen):
            yield claim(id, held, expected, observed)


def _after(state: str, event: Event) -> str:
    kind = event.get("type")
    if kind == "websocket.accept":
        return "open"
    if kind == "websocket.http.response.start":
        return "denying"
    if kind == "websocket.close" or (kind == "websocket.http.response.body" and not event.get("more_body")):
        return "closed"
    return state


def _is_text(value: Any) -> bool:
    """A str, also a long one, of which only the size was observed."""
    return isinstance(value, str) or (isinstance(value, dict) and value.get("$") == "text")


def _is_bytes(value: Any) -> bool:
    return isinstance(value, dict) and value.get("$") == "bytes"


def wrong_types(event: Event) -> str:
    """The first value of a type that ASGI does not allow, as text, '' for none (those of a close are judged apart)."""
    kind = event.get("type")
    if kind == "websocket.send":
        text, data = event.get("text"), event.get("bytes")
        if (text is None) == (data is None):
            return f"websocket.send with {'neither' if text is None else 'both'} of text and bytes"
        if not (_is_text(text) if data is None else _is_bytes(data)):
            return f"websocket.send with {'text' if data is None else 'bytes'} {shown(text if data is None else data)}"
    elif kind == "websocket.accept":
        subprotocol = event.get("subprotocol")
        if subprotocol is not None and not _is_text(subprotocol):
            return f"websocket.accept with subprotocol {shown(subprotocol)}"
        return _wrong_headers(event)
    elif kind == "websocket.http.response.start":
        status = event.get("status")
        if not isinstance(status, int) or isinstance(status, bool):
            return f"{kind} with status {shown(status)}"
        return _wrong_headers(event)
    elif kind == "websocket.http.response.body":
        body, more = event.get("body", {"$": "bytes"}), event.get("more_body", False)
        if not _is_bytes(body):
            return f"{kind} with body {shown(body)}"
        if not isinstance(more, bool):
            return f"{kind} with more_body {shown(more)}"
    return ""


def _wrong_headers(event: Event) -> str:
    headers = event.get("headers", [])
    if not isinstance(headers, list):
        return f"{event['type']} with headers {shown(headers)}"
    for pair in headers:
        if not isinstance(pair, list) or len(pair) != 2 or not all(_is_bytes(part) for part in pair):
            return f"{event['type']} with a header {pair!r} that is no pair of bytes"
    return ""


def _pairs(event: Event) -> Sequence[Any]:
    headers = event.get("headers")
    return headers if isinstance(headers, list) else ()


def _values(event: Event, state: str, seen: Seen) -> Iterator[tuple[str, bool, str, str]]:
    kind = event["type"]
    entered = seen.outer.entered if seen.outer is not None else {}
    if kind == "websocket.accept":
        offered, chosen = list(entered.get("subprotocols", ())), event.get("subprotocol")
        if chosen is not None:
            expected = f"one of {offered}" if offered else "no subprotocol: the client offered none"
            yield "rfc6455.handshake.application-subprotocol", chosen in offered, expected, ""
        names = [bytes.fromhex(name["hex"]) for name, _ in _pairs(event) if "hex" in name]
        odd = [name for name in names if name != name.lower()]
        yield "asgi.accept.header-names", not odd, "header names in lower case", f"accept headers {names!r}"
        has = any(name.lower() == b"sec-websocket-protocol" for name in names)
        header = "asgi.accept.no-subprotocol-header"
        yield header, not has, "no sec-websocket-protocol header", f"accept headers {names!r}"
    elif kind == "websocket.http.response.start":
        offers = "websocket.http.response" in entered.get("extensions", ())
        yield "asgi.denial.extension", offers, "a denial response only where the server offers it", ""
    elif kind == "websocket.close":
        yield from _close(event, on_the_wire=state == "open")


def _close(event: Event, on_the_wire: bool) -> Iterator[tuple[str, bool, str, str]]:
    """Before accept nothing of a close reaches the wire but HTTP 403: there only the types count."""
    code, reason = event.get("code", 1000), event.get("reason")
    legal = isinstance(code, int) and not isinstance(code, bool)
    if legal and on_the_wire:
        legal = 0 <= code <= close_codes.MAXIMUM and close_codes.describe(code).client_legal
    yield "asgi.close.legal-code", legal, "1000 to 1003, 1007 to 1014, or 3000 to 4999", ""
    size = 0
    if isinstance(reason, str):
        size = len(reason.encode("utf-8", "surrogatepass"))
    elif isinstance(reason, dict) and _is_text(reason):
        size = int(reason["len"])
    right = (reason is None or _is_text(reason)) and (size <= LONGEST_REASON or not on_the_wire)
    observed = f"{event_text(event)} ({size} bytes)" if size > LONGEST_REASON else ""
    yield "asgi.close.legal-reason", right, f"a str of at most {LONGEST_REASON} bytes of UTF-8", observed
