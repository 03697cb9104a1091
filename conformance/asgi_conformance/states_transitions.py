"""Every transition of Starlette's WebSocket that a correct server and a client can bring about.

A transition is one operation, in one pair, in one environment: what the client's lane must have done for the operation
to complete. Nothing here is listed by hand: the operations are tried by the model in every place that can be reached
(a pair, and where the client is by then), in every environment, and kept where they complete and use what the
environment provides. An operation that would wait for ever is not a transition.

What a correct server is taken to do: the first receive() gives websocket.connect; messages come only while the client
is there and after the handshake; one websocket.disconnect comes when the client has closed or is lost, or the
application has closed or denied, and no second one is counted on. A send() to a client that has gone may raise OSError
or return: both are outcomes of the same transition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from .states import (
    ALL_PAIRS,
    CONNECT,
    CONNECTED,
    CONNECTING,
    DENIAL_EXTENSION,
    DENIAL_START,
    DISCONNECT,
    DISCONNECTED,
    INITIAL,
    OPERATIONS,
    RECEIVE,
    RECEIVED,
    RESPONSE,
    Guard,
    Pair,
)
from .states_environment import ENVIRONMENTS, EVENTS, MESSAGES, Environment, Lane, Link
from .states_model import RAISED_OSERROR, RETURNED, Given, Inner, NotGiven, Outcome, step


class Place(NamedTuple):
    """A pair, where the client is, and whether the denial extension is offered on this connection."""

    pair: Pair
    link: Link
    denial: bool


@dataclass(frozen=True, slots=True)
class Alternative:
    """What a correct server may give during a transition, and what the operation must then come to."""

    given: Given
    outcome: Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Transition:
    """One operation in one pair in one environment; ``1-1.receive_text.text``.

    ``alternatives`` holds one outcome, or several where a server may raise OSError or return; the first is what a walk
    plans with (the server raises, as it should from spec_version 2.4 on). ``denial`` says whether the denial extension
    must be offered (True), must not be (False), or does not matter (None).
    """

    id: str
    pair: Pair
    operation: str
    environment: Environment
    alternatives: tuple[Alternative, ...]
    denial: bool | None

    @property
    def outcome(self) -> Outcome:
        """The outcome that a walk plans with."""
        return self.alternatives[0].outcome

    @property
    def is_loop(self) -> bool:
        """It ends in the pair in which it starts."""
        return self.outcome.pair_after == self.pair

    def after(self, place: Place) -> Place | None:
        """Where it leads from that place; None if it cannot start there."""
        lane = ENVIRONMENTS[self.environment]
        if place.pair != self.pair or (self.denial is not None and self.denial != place.denial):
            return None
        if not _can_be(lane, place):
            return None
        pair, link = self.outcome.pair_after, lane.link or place.link
        over = link is Link.PRESENT and pair.application is DISCONNECTED
        return Place(pair, Link.CLOSED_BY_APP if over else link, place.denial)


def client_action_before(transition: Transition, link: Link) -> tuple[str, ...]:
    """What the client does, in order, before the operation is called, when it is at ``link``; () for nothing.

    ``send-text``, ``send-bytes``, ``send-json``, ``send-json-bytes`` (the values are `TEXT`, `BYTES`, `JSON`,
    `JSON_BYTES`), ``close`` (Close with `CLOSE_CODE` and `CLOSE_REASON`), ``drop`` (the TCP connection),
    ``read-until-closed`` (answer the application's Close, or read the refusal, until the connection ends).
    """
    lane = ENVIRONMENTS[transition.environment]
    if not lane.messages and lane.link is link is not Link.CLOSED_BY_APP:
        return ()
    return lane.actions


def _can_be(lane: Lane, place: Place) -> bool:
    """The client can be brought from there to where the environment wants it: it never comes back."""
    if lane.links is None or place.link not in lane.links:
        return lane.links is None
    sends = bool(lane.messages) or (lane.link is Link.CLOSED and place.link is not Link.CLOSED)
    return not sends or place.pair.application is CONNECTED  # only after the handshake a client can send frames


_stepped: dict[tuple[Pair, str, frozenset[str], str], Outcome | NotGiven] = {}


def _step(pair: Pair, operation: str, given: Given) -> Outcome:
    """The model's answer, asked for once: places differ mostly in where the client is, which the model does not see."""
    key = pair, operation, given.extensions, repr(given.results)
    known = _stepped.get(key)
    if known is None:
        try:
            known = step(pair, operation, given)
        except NotGiven as needed:
            known = needed
        _stepped[key] = known
    if isinstance(known, NotGiven):
        raise NotGiven(known.call, known.message)
    return known


def _unfold(place: Place, operation: str, lane: Lane, results: tuple[Inner, ...] = ()) -> list[Alternative] | None:
    """Every way in which the operation may go on from these results; None if it would wait for ever."""
    link = lane.link or place.link
    given = Given(results, frozenset({DENIAL_EXTENSION} if place.denial else ()))
    try:
        return [Alternative(given, _step(place.pair, operation, given))]
    except NotGiven as needed:
        events = [result for result in results if not isinstance(result, str)]
        choices: tuple[Inner, ...]
        if needed.call == "send":
            choices = (RETURNED,) if link is Link.PRESENT else (RAISED_OSERROR, RETURNED)
        elif place.pair.client is CONNECTING and not events:
            choices = ({"type": CONNECT},)
        elif len(events) < len(lane.messages):
            choices = (lane.messages[len(events)],)
        elif link is not Link.PRESENT:
            choices = (EVENTS[link],)
        else:
            return None
    found: list[Alternative] = []
    for choice in choices:
        further = _unfold(place, operation, lane, (*results, choice))
        if further is None:
            return None
        found += further
    return found


def _environment_used(alternative: Alternative) -> set[str]:
    """What the operation took from its environment: ``connect``, ``message``, ``disconnect``, ``send``."""
    names = {CONNECT: "connect", RECEIVED: "message", DISCONNECT: "disconnect"}
    return {"send" if isinstance(r, str) else names[r["type"]] for r in alternative.given.results}


def _fits(environment: Environment, operation: str, used: set[str], denial: bool) -> bool:
    """The environment is the one that names what was used, no more and no less."""
    guarded = Guard.DENIAL_OFFERED in OPERATIONS[operation]
    match environment:
        case Environment.ANY:
            return not used and not guarded
        case Environment.OFFERED | Environment.NOT_OFFERED:
            return not used and guarded and denial is (environment is Environment.OFFERED)
        case Environment.CONNECT:
            return used == {"connect"}
        case Environment.PRESENT:
            return "send" in used
    if not ENVIRONMENTS[environment].messages:
        return bool(used & {"send", "disconnect"})
    return used == ({"message"} if ENVIRONMENTS[environment].link is Link.PRESENT else {"message", "disconnect"})


def _transition(name: str, place: Place, operation: str, environment: Environment) -> Transition | None:
    lane = ENVIRONMENTS[environment]
    if (lane.messages and environment not in MESSAGES.get(operation, ())) or not _can_be(lane, place):
        return None
    if operation == f"send[{DENIAL_START}]" and place.pair.application is CONNECTING and not place.denial:
        return None  # no correct application does that
    found = _unfold(place, operation, lane)
    if found is None:
        return None
    alternatives = tuple(found)
    if not _fits(environment, operation, _environment_used(alternatives[0]), place.denial):
        return None
    denies = any(DENIAL_START in alternative.outcome.sends for alternative in alternatives)
    guarded = Guard.DENIAL_OFFERED in OPERATIONS[operation]
    depends = denies or guarded or place.pair.application is RESPONSE
    return Transition(
        id=name,
        pair=place.pair,
        operation=operation,
        environment=environment,
        alternatives=alternatives,
        denial=place.denial if depends else None,
    )


def _environments(place: Place, operation: str) -> Iterable[Environment]:
    """The environments worth trying: an operation that makes no inner call is the same in all."""
    try:
        _step(place.pair, operation, Given((), frozenset({DENIAL_EXTENSION} if place.denial else ())))
    except NotGiven:
        return Environment
    return (Environment.ANY, Environment.OFFERED, Environment.NOT_OFFERED)


@cache
def _explore() -> tuple[dict[str, Transition], tuple[Place, ...]]:
    found: dict[str, Transition] = {}
    places = [Place(INITIAL, Link.PRESENT, denial) for denial in (True, False)]
    for place in places:  # grows while it is walked
        for operation in OPERATIONS:
            for environment in _environments(place, operation):
                name = f"{place.pair}.{operation}.{environment}"
                transition = found.get(name) or _transition(name, place, operation, environment)
                if transition is None:
                    continue
                found[name] = transition
                after = transition.after(place)
                if after is not None and after not in places:
                    places.append(after)
    order = sorted(found.values(), key=lambda transition: transition.pair)
    return {transition.id: transition for transition in order}, tuple(sorted(places))


TRANSITIONS: Mapping[str, Transition] = MappingProxyType(_explore()[0])
PLACES: tuple[Place, ...] = _explore()[1]
PAIRS: tuple[Pair, ...] = tuple(pair for pair in ALL_PAIRS if any(place.pair == pair for place in PLACES))

_ASSIGNED = {move.to for rows in RECEIVE.values() for move in rows.values()}

UNREACHABLE: Mapping[Pair, str] = MappingProxyType(
    {
        pair: f"client_state never becomes {pair.client.name}: no message that is received leads there."
        if pair.client not in _ASSIGNED | {INITIAL.client}
        else "No sequence of operations under a correct server leads there."
        for pair in ALL_PAIRS
        if pair not in PAIRS
    }
)


def table() -> dict[str, Any]:
    """The table as plain JSON values, for the report: ``pairs``, ``transitions`` and ``unreachable``."""
    return {
        "pairs": [[int(state) for state in pair] for pair in PAIRS],
        "transitions": [
            {
                "id": transition.id,
                "from": [int(state) for state in transition.pair],
                "to": [int(state) for state in transition.outcome.pair_after],
                "operation": transition.operation,
                "environment": str(transition.environment),
            }
            for transition in TRANSITIONS.values()
        ],
        "unreachable": [
            {"pair": [int(state) for state in pair], "reason": reason} for pair, reason in UNREACHABLE.items()
        ],
    }
