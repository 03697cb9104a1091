"""How a connection ends, by what a framework other than Starlette documents: its handler's end, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..dialects import Dialect
from ..model import Case
from .claims import event_text, exception_text
from .seen import AtBoundary, Seen

# What a relation says: whether it held, what was expected, what was seen.
Says = tuple[bool, str, str]
Whole = Callable[[Case, Seen, Dialect], Iterator[Says]]


def gone(inner: AtBoundary) -> bool:
    """Whether the framework was told at any time that the connection is over."""
    return any(event["type"] == "websocket.disconnect" for event in inner.received)


def _outcome(seen: Seen) -> str:
    """How the app lane ended, '' while it has not."""
    ended = [o.data for o in seen.at("app", "exit")]
    return str(ended[0].get("outcome")) if ended else ""


def _closing(seen: Seen) -> tuple[bool, bool, Any]:
    """What the framework as a whole sent: was it accepted?, is no other than the last event a close?, the last event.

    Some close for a handler from outside of the object that it was given, so this is the boundary above.
    """
    sent = [one.event for one in seen.boundaries[-2].sent] if len(seen.boundaries) > 1 else []
    types = [event.get("type") for event in sent]
    last = sent[-1] if sent else {"type": "nothing"}
    return "websocket.accept" in types, "websocket.close" not in types[:-1], last


def _handled(seen: Seen) -> tuple[bool, bool, int | None]:
    """Who took what left the handler: the framework's own default?, is it an HTTP error?, the HTTP status then raised.

    Where the framework does not say, the default took it.
    """
    default, http, status = True, False, None
    for o in seen.framework:
        if o.kind == "handled":
            default, http = bool(o.data["default"]), "HTTPError" in o.data["exc"]["mro"]
            status = status if http else None
        elif o.kind == "refused":
            status = o.data.get("status_code")
    return default, http, status


def handler_error(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """What the framework sends for a handler that raises once the connection is open."""
    inner = seen.inner
    default, http, _ = _handled(seen)
    if inner is None or table.error_code is None or http or not default:
        return
    if _outcome(seen) != "raised" or seen.wire.client_end:
        return
    configured = [o.data["code"] for o in seen.framework if o.kind == "handled" and "code" in o.data]
    want = configured[-1] if configured else table.error_code
    accepted, alone, last = _closing(seen)
    if alone and accepted:
        held = last.get("type") == "websocket.close" and last.get("code") == want
        yield held, f"websocket.close code={want}", event_text(last)


def http_error(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """An HTTP error that ends the handling of a connection becomes a close code."""
    inner = seen.inner
    default, http, status = _handled(seen)
    if inner is None or status is None or _outcome(seen) != "raised" or seen.wire.client_end or (default and not http):
        return
    _, alone, last = _closing(seen)
    left = (seen.outer.exit or {}).get("exc") if seen.outer is not None else None
    if alone:
        held = last.get("type") == "websocket.close" and last.get("code") == 3000 + status
        got = f"{exception_text(left)} left the application" if left else event_text(last)
        yield held, f"websocket.close code={3000 + status}", got


def handler_returns(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """A handler that returns without having closed is closed for."""
    inner = seen.inner
    if inner is None or seen.outer is None or seen.outer.exit is None:
        return
    if _outcome(seen) != "completed" or seen.wire.client_end:
        return
    if any(operation.op in ("close", "deny") for operation in seen.operations):
        return
    *_, last = _closing(seen)
    held = last.get("type") == "websocket.close" and last.get("code", 1000) == table.close_code
    yield held, f"websocket.close code={table.close_code}", event_text(last)


def handler_contained(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """What a handler raises after the client has left does not reach the server."""
    inner, outer = seen.inner, seen.outer
    if inner is None or outer is None or outer.exit is None or _outcome(seen) != "raised" or not gone(inner):
        return
    left = outer.exit.get("exc")
    got = f"{exception_text(left)} left the application" if left else "the application returned"
    # The server's own error out of send may go back to it: that is silent, and legal.
    held = left is None or "OSError" in left["mro"]
    yield held, "nothing leaves the application but the server's own error", got


def send_told(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """Nothing is passed on once the framework itself has received the disconnect."""
    told = False
    for o in seen.at("inner"):
        event = o.data.get("event") or {}
        told = told or (o.kind == "receive" and event.get("type") == "websocket.disconnect")
        if told and o.kind == "send" and event.get("type") == "websocket.send":
            yield False, "nothing sent once the disconnect has been received", event_text(event)
            return
    for operation in seen.operations if told else ():
        if operation.op.startswith("send_") and operation.raised is not None:
            held = table.lost in operation.raised["mro"]
            yield held, f"{operation.op}() raises {table.lost}", f"it raised {exception_text(operation.raised)}"


def accept_automatic(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """The first operation of a handler that has not accepted does it for the handler."""
    inner, first = seen.inner, next(iter(seen.operations), None)
    if inner is not None and first is not None and first.op.startswith(("send_", "receive_")):
        kind = inner.sent[0].event.get("type") if inner.sent else "nothing"
        yield kind == "websocket.accept", "websocket.accept sent first", f"{kind} sent first"


def response_denies(case: Case, seen: Seen, table: Dialect) -> Iterator[Says]:
    """What a handler returns in the place of accepting is the answer."""
    denied = next((operation for operation in seen.operations if operation.op == "deny"), None)
    if seen.inner is None or denied is None or _outcome(seen) != "completed" or seen.wire.client_end:
        return
    status = case.steps[denied.step].args["args"]["status"]
    last = next((one.event for one in seen.inner.sent), {"type": "nothing"})
    held = last.get("type") == "websocket.http.response.start" and last.get("status") == status
    yield held, f"websocket.http.response.start status={status}", event_text(last)


WHOLE: dict[str, Whole] = {
    "accept.automatic": accept_automatic,
    "response.denies": response_denies,
    "handler.error": handler_error,
    "handler.http-error": http_error,
    "handler.returns": handler_returns,
    "handler.contained": handler_contained,
    "send.told": send_told,
}
