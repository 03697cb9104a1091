"""Ten applications, each with one fault that shows only after some steps; ``FAULT`` in the environment chooses.

Run beside the suite: `FAULTS` names them all, `app` is the chosen one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

Event = dict[str, Any]


class Changes:
    """A middleware that changes what passes; a subclass keeps what it has seen of one connection."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        seen: list[Event] = []

        async def received() -> Event:
            event = self.incoming(await receive(), seen)
            seen.append(event)
            return event

        async def sent(event: Event) -> None:
            for one in self.outgoing(event, seen):
                await send(one)
            seen.append(event)

        await self.app(scope, received, sent)

    def incoming(self, event: Event, seen: list[Event]) -> Event:
        return event

    def outgoing(self, event: Event, seen: list[Event]) -> list[Event]:
        return [event]


def times(seen: list[Event], kind: str) -> int:
    return sum(event["type"] == kind for event in seen)


class ThirdMessageCut(Changes):
    def incoming(self, event: Event, seen: list[Event]) -> Event:
        if event["type"] == "websocket.receive" and times(seen, event["type"]) == 2 and event.get("text"):
            return {**event, "text": event["text"][:-1]}
        return event


class SecondSendTwice(Changes):
    def outgoing(self, event: Event, seen: list[Event]) -> list[Event]:
        again = event["type"] == "websocket.send" and times(seen, event["type"]) == 1
        return [event, event] if again else [event]


class LibraryCodesLost(Changes):
    def incoming(self, event: Event, seen: list[Event]) -> Event:
        lost = event["type"] == "websocket.disconnect" and 3000 <= (event.get("code") or 0) < 4000
        return {**event, "code": 1000} if lost else event


class ReasonLostAfterSend(Changes):
    def outgoing(self, event: Event, seen: list[Event]) -> list[Event]:
        lost = event["type"] == "websocket.close" and times(seen, "websocket.send")
        return [{**event, "reason": ""}] if lost else [event]


class BytesAfterTextAsText(Changes):
    def incoming(self, event: Event, seen: list[Event]) -> Event:
        before = [one for one in seen if one["type"] == "websocket.receive"]
        if event["type"] == "websocket.receive" and event.get("bytes") and before and before[-1].get("text"):
            return {"type": "websocket.receive", "text": event["bytes"].decode()}
        return event


class LongTextCut(Changes):
    def incoming(self, event: Event, seen: list[Event]) -> Event:
        long = event["type"] == "websocket.receive" and len(event.get("text") or "") > 65535
        return {**event, "text": event["text"][:65535]} if long else event


def patched(name: str, make: Callable[[Any], Any]) -> Callable[[], None]:
    return lambda: setattr(WebSocket, name, make(getattr(WebSocket, name)))


def state_lost_at_second(receive: Any) -> Any:
    async def lost(self: Any) -> Event:
        event: Event = await receive(self)
        self.taken = getattr(self, "taken", 0) + (event["type"] == "websocket.receive")
        if self.taken == 2:
            self.application_state = WebSocketState.DISCONNECTED
        return event

    return lost


def raises_after_two(send: Any) -> Any:
    async def refusing(self: Any, message: Event) -> None:
        if message["type"] == "websocket.send" and getattr(self, "taken", 0) == 2:
            raise RuntimeError("no")
        await send(self, message)

    return refusing


def counted(receive: Any) -> Any:
    async def counting(self: Any) -> Event:
        event: Event = await receive(self)
        self.taken = getattr(self, "taken", 0) + (event["type"] == "websocket.receive")
        return event

    return counting


def accepts_again(accept: Any) -> Any:
    async def twice(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.application_state is not WebSocketState.CONNECTED:
            await accept(self, *args, **kwargs)

    return twice


def says_1000_after_bytes(receive_bytes: Any) -> Any:
    async def received(self: Any) -> bytes:
        try:
            found: bytes = await receive_bytes(self)
        except WebSocketDisconnect as exc:
            if getattr(self, "had_bytes", False):
                raise WebSocketDisconnect(1000, exc.reason) from None
            raise
        self.had_bytes = True
        return found

    return received


def send_refused() -> None:
    patched("receive", counted)()
    patched("send", raises_after_two)()


MIDDLEWARE = {
    "third-message-cut": ThirdMessageCut,
    "second-send-twice": SecondSendTwice,
    "library-codes-lost": LibraryCodesLost,
    "reason-lost-after-send": ReasonLostAfterSend,
    "bytes-after-text": BytesAfterTextAsText,
    "long-text-cut": LongTextCut,
}
PATCHES = {
    "state-lost-at-second": patched("receive", state_lost_at_second),
    "send-refused-after-two": send_refused,
    "accepts-again": patched("accept", accepts_again),
    "says-1000-after-bytes": patched("receive_bytes", says_1000_after_bytes),
}
FAULTS = (*MIDDLEWARE, *PATCHES)


def build(fault: str) -> Starlette:
    """The application with one of the faults, without any where it is ''."""
    PATCHES.get(fault, lambda: None)()
    return Starlette(middleware=[Middleware(MIDDLEWARE[fault])] if fault in MIDDLEWARE else [])


app = build(os.environ.get("FAULT", ""))


def main() -> int:
    """Find each fault within 2,000 scripts and shrink it to 4 steps (``fuzz_targets.py [SEED [FAULT …]]``); else 1."""
    import sys
    import time
    from pathlib import Path

    from asgi_conformance.extended import extended_cases
    from asgi_conformance.fuzz.search import Terms, search
    from asgi_conformance.model import Verdict
    from asgi_conformance.options import Options
    from asgi_conformance.run import Plan, Run
    from asgi_conformance.settings import Settings

    # What a middleware may not do is a SHOULD of the suite.
    failing = (Verdict.FAIL, Verdict.WARN)
    seed, most, steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1, 2000, 4
    here, wrong = Path(__file__).parent, 0
    requires = extended_cases(Options("", here, Settings(), "", fuzz=(most, seed)))[0].requires
    for fault in sys.argv[2:] or FAULTS:
        run = Run(Plan("fuzz_targets:app", str(here), settings=Settings(env={"FAULT": fault})))
        begun = time.monotonic()
        try:
            run.ready()
            found = search(Terms(most, seed, requires, True, failing), run.look)
        finally:
            run.stop()
        length = len(found.shortest.taken) if found.shortest is not None else 0
        told = ", ".join(move.name for move in found.shortest.taken) if found.shortest is not None else "not found"
        seconds = time.monotonic() - begun
        print(f"{fault}: {found.scripts} scripts, {length} steps ({told}), {seconds:.0f} s", flush=True)
        wrong += not 0 < length <= steps
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
