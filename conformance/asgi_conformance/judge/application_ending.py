"""How a handler ends: in time, without an exception, without leaving tasks, and without holding up the loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model import Case, Component, Layer
from .application_messages import ANSWERS, place
from .claims import Claim, exception_text
from .framework_route import own_exception
from .seen import LATE_US, Seen

SENDING_WAYS = (
    "text", "binary", "not-json", "empty", "large", "burst", "mid-message", "while-app-sends", "stops-reading"
)  # fmt: skip
# Code that is not the user's own: a fault is shown at the last place outside of it.
_LIBRARIES = ("/site-packages/", "/dist-packages/", "/lib/python", "<frozen")


def standstill(seen: Seen, who: Component) -> Claim | None:
    """The event loop did not turn for most of a wait, though this process's own did; None where it turned."""
    for o in seen.at("client", "deadline"):
        lag, own = o.data.get("child_loop_lag_us", 0), o.data.get("own_lag_us", 0)
        if own < LATE_US < lag and lag > o.data["seconds"] * 500_000:
            stack = o.data.get("child_loop_stack") or []
            seen_text = f"the loop stood still for {lag / 1_000_000:.1f} s at {own_place(stack, who)}"
            return _claim("asgi.application.async", False, "an event loop that goes on turning", seen_text, who)
    return None


def loop_free(seen: Seen, who: Component) -> Iterator[Claim]:
    """Whether the loop turned at least once a second while the handler was at work."""
    for o in seen.at("client", "lag"):
        lag, own = o.data["child_loop_lag_us"], o.data["own_lag_us"]
        if lag < LATE_US or own > LATE_US // 4:
            continue
        observed = f"the loop stood still for {lag / 1_000_000:.1f} s at {own_place(o.data['child_loop_stack'], who)}"
        yield _claim("suite.handler.loop-free", False, "an event loop that goes on turning", observed, who)


def ending(case: Case, seen: Seen, who: Component, wrong: bool) -> Iterator[Claim]:
    """The claims about the end of a handler; ``wrong``: it sent what it must not, and an exception follows from it."""
    exit_ = next((o.data for o in seen.at("route", "exit")), None)
    missed = next((m for m in seen.missed if m.wait in ("exit", "again")), None)
    if missed is not None:
        waits = missed.waits_in("route.receive") or missed.waits_in("route.send")
        if missed.sound and (_told(seen) or not waits):
            stack = missed.app.get("stack") or []
            observed = f"still running {missed.seconds:g} s after the client had left, at {own_place(stack, who)}"
            yield _claim("suite.handler.ends", False, "the handler ends when its connection has ended", observed, who)
        return
    if exit_ is None:
        return
    yield _claim("suite.handler.ends", True, "the handler ends", "the handler ended", who)
    yield _claim("asgi.application.async", True, "an event loop that goes on turning", "it went on turning", who)
    yield _claim("asgi.application.one-connection", True, "the process goes on", "it went on", who)
    if not wrong:
        yield from _answer(seen, exit_, who)
        yield from _escape(case, seen, exit_, who)
    yield from _tasks(seen, who)


def _claim(id: str, held: bool, expected: str, observed: str, who: Component) -> Claim:
    return Claim(id, held, Layer.APPLICATION, "route", expected, observed, who)


def _told(seen: Seen) -> bool:
    """Whether the handler had been told that the connection was over, before the framework took an exception of its."""
    for o in seen.at("route"):
        if o.kind == "escaped":
            return False
        if o.kind == "send.raised" or (o.kind == "receive" and o.data["event"].get("type") == "websocket.disconnect"):
            return True
    return False


def _answer(seen: Seen, exit_: Mapping[str, Any], who: Component) -> Iterator[Claim]:
    sent = [o.data["event"].get("type") for o in seen.at("route", "send")]
    answered = any(kind in ANSWERS for kind in sent)
    left = _told(seen) or (seen.wire.status is None and bool(seen.wire.ends))
    if answered or (exit_["outcome"] == "returned" and not left):
        observed = next((kind for kind in sent if kind in ANSWERS), "the handler returned without an answer")
        yield _claim("asgi.connect.answered", answered, "accept, close or a denial", observed, who)


def _escape(case: Case, seen: Seen, exit_: Mapping[str, Any], who: Component) -> Iterator[Claim]:
    sending = case.tags.get("way") in SENDING_WAYS
    reached_server = seen.outer is not None and (seen.outer.exit or {}).get("outcome") == "raised"
    taken = next((o.data["exc"] for o in seen.at("route", "escaped")), None)
    leaf = _escaped(seen, exit_) if reached_server else None
    if taken is not None and not _refused(seen, taken):
        leaf = (taken.get("leaves") or (taken,))[0]  # the framework took it, and logs it itself
    left, tolerated = "suite.handler.disconnect-caught", "suite.handler.input-tolerated"
    quiet = "the handler ends without an exception when the client leaves"
    lives = "the handler copes with what it is sent"
    if leaf is None:
        yield _claim(left, True, quiet, "no exception reached the server", who)
        if sending:
            yield _claim(tolerated, True, lives, "no exception reached the server", who)
        return
    observed = f"{exception_text(leaf)} left the handler at {own_place(leaf.get('frames') or (), who)}"
    if "WebSocketDisconnect" in leaf["mro"] or _told(seen):
        yield _claim(left, False, quiet, observed, who)
    elif not _missed(seen, leaf):
        yield _claim(tolerated, False, lives, observed, who)


def unserved(seen: Seen) -> str:
    """What the server does not do, where a handler failed for it before it answered; '' where it did not."""
    exit_ = next((o.data for o in seen.at("route", "exit")), None)
    leaf = _escaped(seen, exit_) if exit_ is not None else None
    return _missed(seen, leaf) if leaf is not None else ""


def _missed(seen: Seen, leaf: Mapping[str, Any]) -> str:
    if seen.outer is None or any(o.data["event"].get("type") in ANSWERS for o in seen.at("route", "send")):
        return ""
    entered, frames = seen.outer.entered, [str(frame) for frame in leaf.get("frames") or ()]
    offers = "websocket.http.response" in entered.get("extensions", ())
    if not offers and frames and "denial" in frames[-1].rpartition(" ")[2]:
        return "this server does not offer denial responses (websocket.http.response)"
    if not entered.get("lifespan", True):
        return "this server calls no lifespan, so that nothing is there that the application's start-up would make"
    return ""


def _refused(seen: Seen, exc: Mapping[str, Any]) -> bool:
    """Whether the server raised this, not as ASGI has it, out of a send of a task that had been told of no end."""
    return _unaware(seen, exc) and "OSError" not in exc["mro"]


def _unaware(seen: Seen, exc: Mapping[str, Any]) -> bool:
    """Whether the server raised this out of a send of a task that had been told of no end.

    What another task has received, a framework's own above all, the handler need not know yet.
    """
    received = seen.at("route", "receive")
    told = {o.data.get("task") for o in received if o.data["event"].get("type") == "websocket.disconnect"}
    sends = seen.at("route", "send.raised")
    return any(o.data["exc"]["type"] == exc["type"] and o.data.get("task") not in told for o in sends)


def _escaped(seen: Seen, exit_: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The exception that escapes and that the server logs; its own error out of send, bare, is silent and legal."""
    if exit_["outcome"] != "raised" or own_exception(seen, exit_) is not None:
        return None
    exc = exit_["exc"]
    leaves: Sequence[Mapping[str, Any]] = exc.get("leaves") or (exc,)
    # Servers below spec version 2.4 raise what they like, and a handler that was told nothing cannot know of it.
    if len(leaves) == 1 and leaves[0]["type"] == exc["type"]:
        own = {o.data["exc"]["type"] for o in seen.at("route", "send.raised")}
        if exc["type"] in own and ("OSError" in exc["mro"] or _unaware(seen, exc)):
            return None
    return next((leaf for leaf in leaves if "WebSocketDisconnect" not in leaf["mro"]), leaves[0])


def beside(seen: Seen, who: Component) -> Iterator[Claim]:
    """The claim about a second client on the same route, which was there until the first one left."""
    before = next((o.data["alive"] for o in seen.at("bystander", "before")), False)
    for o in seen.at("bystander", "after") if before else ():
        close, exc = o.data["close"], o.data["exc"]
        observed, held = "the other connection stays open", True
        if exc is not None:
            leaf = (exc.get("leaves") or (exc,))[0]
            at = own_place(leaf.get("frames") or (), who)
            observed, held = f"the handler of the other client ended with {exception_text(leaf)} at {at}", False
        elif close is not None:
            observed, held = f"the other client was closed with {close[0]} {close[1]!r}", _deliberate(close[0])
        elif not o.data["alive"]:
            observed, held = "the connection of the other client ended without a Close frame", False
        expected = "the other connection stays open"
        yield _claim("asgi.application.one-connection", held, expected, observed, who)


def _deliberate(code: int | None) -> bool:
    """Whether a code says that the application ends the others on purpose, as a game does when a player leaves."""
    return code is not None and (code in (1000, 1001) or 3000 <= code <= 4999)


def _tasks(seen: Seen, who: Component) -> Iterator[Claim]:
    for o in seen.at("route", "tasks"):
        left = o.data["left"]
        observed = "none was left"
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            observed = f"{left[0]['coroutine']}{more} still running, created at {place(left[0]['created'], who)}"
        yield _claim("suite.handler.tasks-ended", not left, "no task of the handler is left running", observed, who)


def own_place(frames: Sequence[str], who: Component) -> str:
    """The last of some ``file:line`` frames in the handler's file, else in code that is no library's, else the last."""
    plain = [frame.partition(" ")[0] for frame in frames]
    if not plain:
        return who.where
    in_file = [frame for frame in plain if who.file and frame.rpartition(":")[0].endswith(who.file)]
    user = [frame for frame in plain if not any(part in frame for part in _LIBRARIES)]
    return place((in_file or user or plain)[-1], who)
