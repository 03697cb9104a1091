"""A list of moves becomes a script: each move is taken where the state table says that it completes. Pure.

A move is one operation of the application, with what the client must have done for it, or one act of the client alone.
Leaving out what cannot be done keeps the meaning of the moves behind it, which is what makes shrinking short.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ..close_codes import BOUNDARIES, MAXIMUM, REASONS, arrival, describe
from ..model import Case
from ..script import App, CaseFunction, Client
from ..states import CONNECTED, CONNECTING, DISCONNECTED, INITIAL, Pair, WebSocketState
from ..states_calls import CALLS
from ..states_environment import ENVIRONMENTS, MESSAGES, Link
from ..states_transitions import TRANSITIONS, Place, Transition, client_action_before

ID, SECTION = "fuzz.scripts", "fuzz"
ACTS = ("client sends", "client sends parts", "client pings", "client closes", "both at once", "client breaks a rule")
LONGEST = 16
# Messages that wait unread: more say nothing new.
_UNREAD = 3
_REASON_BYTES = 123
_REASONS = [reason.value for reason in REASONS if not isinstance(reason.value, bytes)]
# Past this all has been said that a value can say.
MOST_SAID = 2 * MAXIMUM + 1
_TEXTS = (
    *("", "a", "0", "null", '"', "\x00", "\r\n"),
    *("\u00fc", "\u7d42\u308f\u308a", "\U0001f44b", "a\u0301", "\ufeff", "\uffff"),
)
# Around the lengths at which a frame's header grows (RFC 6455 section 5.2).
_SIZES = (*[0] * 8, 125, 126, 127, 65535, 65536)


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do: an operation of the state table or one of `ACTS`.

    ``variant`` chooses among the ways in which it can be done here, ``value`` (0 is the plainest) what is said with it.
    Few numbers, because Hypothesis takes out at once only so many: more in a move, and it would stay in the script.
    """

    name: str
    variant: int = 0
    value: int = 0

    @property
    def text(self) -> str:
        """A short text."""
        return _TEXTS[self.value % len(_TEXTS)]

    @property
    def whole(self) -> str:
        """A text of any length."""
        return "x" * _SIZES[self.value // len(_TEXTS) % len(_SIZES)] or self.text

    @property
    def code(self) -> int:
        """A close code, legal or not."""
        if not self.value:
            return 1000
        half = self.value // 2
        return BOUNDARIES[half % len(BOUNDARIES)] if self.value % 2 else half % (MAXIMUM + 1)

    @property
    def reason(self) -> str | None:
        """A close reason, one that is too long among them."""
        return _REASONS[self.value // 2 % len(_REASONS)]


@dataclass
class Walk:
    """A script while it is written: where it has come to, what lies unread, and which moves were taken."""

    client: Client
    app: App
    place: Place
    unread: int = 0
    failed: bool = False
    client_acted: bool = True
    taken: list[Move] = field(default_factory=list)
    transitions: list[str] = field(default_factory=list)

    def take(self, move: Move) -> None:
        """Write one move, or nothing where it cannot be done here."""
        if move.name in ACTS:
            done = self._act(move)
        else:
            ways = [t for t in _by_operation().get(move.name, ()) if t.pair == self.place.pair and self._can(t)]
            done = bool(ways)
            if ways:
                # What lets the connection go on comes first, and is done more often.
                self._operate(ways[move.variant if move.variant < len(ways) else 0], move)
        if done:
            self.taken.append(move)
            self.client_acted = move.name in ACTS[:3]

    def _can(self, transition: Transition) -> bool:
        after = transition.after(self.place)
        if after is None or _may_wait(transition):
            return False
        if self.failed and transition.operation in _SAYS:
            return False  # nobody promises anything to who has broken the protocol
        if not self.unread:
            return True
        # A server need not look at what comes behind an unread message: nothing may wait for that.
        lane = ENVIRONMENTS[transition.environment]
        if lane.messages:
            return True
        quiet = not client_action_before(transition, self.place.link)
        return quiet and after.link is Link.PRESENT and after.pair.application is CONNECTED

    def _operate(self, transition: Transition, move: Move) -> None:
        actions = client_action_before(transition, self.place.link)
        messages = [action for action in actions if action.startswith("send-")]
        if self.unread and messages:
            actions = tuple(action for action in actions if action not in messages)
            self.unread -= 1
        for action in actions:
            self._client_does(action, move, alone=not messages)
        call = CALLS[transition.operation]
        self.app.calls(call.op, raises=True, **_with_values(call.op, call.args, move))
        after = transition.after(self.place)
        assert after is not None
        self.place = after
        if after.link is not Link.PRESENT:
            self.unread = 0
        self.transitions.append(transition.id)

    def _client_does(self, action: str, move: Move, alone: bool) -> None:
        match action:
            case "send-text":
                self.client.sends_text(f"{move.whole}!")  # never JSON
            case "send-bytes":
                self.client.sends_bytes(f"{move.whole}!".encode())
            case "send-json":
                self.client.sends_text(_json(move))
            case "send-json-bytes":
                self.client.sends_bytes(_json(move).encode())
            case "close":
                if alone:
                    self._closes(move)
                    self.client.is_ended()
                else:
                    # No document says whether a message is shown that lies before a frame which breaks the protocol.
                    self.client.closes(**_legal_close(move))
            case "drop":
                self.client.half_closes()
                self.client.is_ended()
            case _:
                self.client.is_ended()

    def _act(self, move: Move) -> bool:
        """What the client does with no operation behind it; whether it was done."""
        if self.place.link is not Link.PRESENT or self.place.pair.application is not CONNECTED:
            return False
        if move.name in ACTS[:2]:
            return self._sends(move)
        if self.unread:
            return False
        if move.name == "client pings":
            payload = move.text.encode()[:125]
            self.client.pings(payload)
            self.client.is_ponged(payload)
        elif move.name == "client closes":
            self._closes(move)
            self._is_left()
        elif move.name == "both at once":
            self._both_at_once(move)
        else:
            self.client.sends_frame(**_BROKEN[move.variant % len(_BROKEN)])
            self._is_left()
            self.failed = True
        return True

    def _both_at_once(self, move: Move) -> None:
        call = CALLS[("send_text", "close")[move.variant % 2]]
        values = _with_values(call.op, call.args, move)
        # Who acted last waits for nobody, so the other one comes first: it has to wait for what was before.
        with self.app.together():
            if not self.client_acted:
                self.client.closes(**_legal_close(move))
            self.app.calls(call.op, raises=True, **values)
            if self.client_acted:
                self.client.closes(**_legal_close(move))
        self._is_left(DISCONNECTED if call.op == "close" else CONNECTED)

    def _sends(self, move: Move) -> bool:
        if self.unread >= _UNREAD:
            return False
        whole = f"{move.whole}!"
        if move.name == "client sends":
            send = (self.client.sends_text, self.client.sends_bytes)[move.variant % 2]
            send(whole.encode() if move.variant % 2 else whole)  # type: ignore[arg-type]
        else:
            # Of long frames a trace holds no more than a digest, from which no message can be put together.
            whole = f"{move.text}!"
            middle = len(whole) // 2
            # A ping is answered only by who reads, and behind an unread message nobody need read.
            pings = bool(move.variant % 2) and not self.unread
            self.client.sends_fragments([whole[:middle], whole[middle:]], pings_between=pings)
        self.unread += 1
        return True

    def _closes(self, move: Move) -> None:
        self.client.closes(move.code, move.reason)
        self.failed = self.failed or arrival(move.code, move.reason).fails

    def _is_left(self, application: WebSocketState = CONNECTED) -> None:
        """The application takes the end of the connection: not every server looks for it before somebody receives."""
        self.app.calls("receive", raises=True)
        client = CONNECTED if self.place.pair.client is CONNECTING else DISCONNECTED
        self.place = self.place._replace(pair=Pair(client, application), link=Link.CLOSED)

    def end(self) -> None:
        """What the client has sent is taken, and the handler returns only then: else its end would come in between."""
        for _ in range(self.unread + (self.place.pair.client is CONNECTING) if self.unread else 0):
            self.app.calls("receive", raises=True)
        self.app.returns()


_SAYS = (
    *("close", "send[websocket.close]", "send[websocket.send]"),
    *("send_text", "send_bytes", "send_json[text]", "send_json[binary]"),
)
_BROKEN: tuple[dict[str, Any], ...] = (
    {"opcode": 1, "payload": b"x", "masked": False},
    {"opcode": 1, "payload": b"x", "rsv": 1},
    {"opcode": 3, "payload": b"x"},
    {"opcode": 0, "payload": b"x"},
    {"opcode": 1, "payload": b"\xff"},
)


@cache
def _by_operation() -> Mapping[str, Sequence[Transition]]:
    found: dict[str, list[Transition]] = {}
    for transition in TRANSITIONS.values():
        found.setdefault(transition.operation, []).append(transition)
    return {operation: sorted(ways, key=_ends_or_mistakes) for operation, ways in found.items()}


def _ends_or_mistakes(transition: Transition) -> tuple[bool, int]:
    """What orders the ways of doing an operation: whether the client leaves for it, and how wrong the message is."""
    wanted = MESSAGES.get(transition.operation, ())
    place = wanted.index(transition.environment) if transition.environment in wanted else len(wanted)
    return ENVIRONMENTS[transition.environment].link not in (None, Link.PRESENT), place


def _may_wait(transition: Transition) -> bool:
    """An iteration that ends only if a server leaves a key out of its events, as not every server does."""
    lane = ENVIRONMENTS[transition.environment]
    return transition.operation.startswith("iter_") and bool(lane.messages) and lane.link is Link.PRESENT


def _json(move: Move) -> str:
    return json.dumps({"n": move.text}, ensure_ascii=False)


def _with_values(op: str, args: Mapping[str, Any], move: Move) -> dict[str, Any]:
    """The operation's arguments with the move's values, as far as a correct application may use them."""
    match op:
        case "send_text":
            return {**args, "data": move.whole}
        case "send_bytes":
            return {**args, "data": move.whole.encode()}
        case "send_json":
            return {**args, "data": {"n": move.text}}
        case "close":
            return {**args, **_legal_close(move)}
        case "send":
            message = args["message"]
            values = {"websocket.send": {"text": move.whole}, "websocket.close": _legal_close(move)}
            return {**args, "message": {**message, **values.get(message["type"], {})}}
    return dict(args)


def _legal_close(move: Move) -> dict[str, Any]:
    code = move.code if describe(move.code).server_legal else 1000
    reason = move.reason or ""
    return {"code": code, "reason": reason if len(reason.encode()) <= _REASON_BYTES else ""}


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the moves that were taken for it."""

    case: Case
    taken: tuple[Move, ...]
    transitions: tuple[str, ...]


def write(moves: Iterable[Move], requires: Collection[str], denial: bool) -> Script:
    """The script of some moves, which decides those requirements; ``denial``: the server offers that extension."""
    walks: list[Walk] = []

    def random_script(client: Client, app: App) -> None:
        """Random legal and illegal steps in both lanes come to what the state table and the documents say."""
        walks.append(Walk(client, app, Place(INITIAL, Link.PRESENT, denial)))
        client.opens()
        for move in moves:
            walks[0].take(move)
        walks[0].end()

    case = next(CaseFunction(ID, random_script, tuple(requires), None, "probe", (), None).cases())
    walk = walks[0]
    return Script(case, tuple(walk.taken), tuple(walk.transitions))
