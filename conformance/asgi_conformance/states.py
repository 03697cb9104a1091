"""The state table of Starlette's WebSocket, as data."""

# Rule 1: all that decides the next state of a WebSocket object stands in this file, in
# the tables RECEIVE, SEND, LOST and OPERATIONS. The model in states_model.py looks up; it knows no transition.
#
# Rule 2: this file knows neither a server nor a client. It sees what the framework sees: results of the inner
# receive() and send(). What must happen on the other side for a result to come is in states_environment.py.
#
# Theory of operation
# ===================
#
# A WebSocket object holds two state machines with the same four values, which do not see each other:
#
# 1) client_state moves by what the inner receive() gives. It is assigned AFTER the message has come: a receive that
#    fails changes nothing.
# 2) application_state moves by what the application sends. It is assigned BEFORE the inner send() is called: a send
#    that fails has moved it all the same. Denying a connection takes two moves, so RESPONSE can be seen only from
#    outside, or by an application that sends the parts of the denial itself.
#
# Both machines only ever move forward. A pair (client_state, application_state) is one state of the object.
#
# A message that has no row in its machine's present state is refused with RuntimeError: by receive() after the inner
# receive has given it, by send() before the inner send is called. A state without any row refuses at once, without an
# inner call. Released versions differ in the subclass, so RuntimeError is meant as a family (isinstance).
#
# An OSError of the inner send becomes WebSocketDisconnect(1006) only where LOST has a row. Elsewhere it passes
# through as it is; no document promises that, so the model calls that exception silent, but not the states.
#
# The public methods add guards, and nothing else, to the two machines: OPERATIONS spells each out as a sequence of
# primitives. That is the whole reason why the pair matters and not each state alone: receive_text() looks at
# application_state before it touches client_state.
#
# Sources: Starlette's documentation (WebSockets; Responses for the denial) for what the methods do, and the public
# attributes client_state and application_state as its source assigns them.
#
# WARNING: totals and ids that users type follow from these tables. tests/test_states.py and tests/test_paths.py freeze
# them, and hold the tables against the real class.

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple


class WebSocketState(IntEnum):
    """The values that the framework publishes under the same names (``starlette.websockets.WebSocketState``)."""

    CONNECTING = 0
    CONNECTED = 1
    DISCONNECTED = 2
    RESPONSE = 3


CONNECTING, CONNECTED, DISCONNECTED, RESPONSE = WebSocketState


class Pair(NamedTuple):
    """One state of a WebSocket object; written ``1-0`` in ids (client_state first)."""

    client: WebSocketState
    application: WebSocketState

    def __str__(self) -> str:
        return f"{self.client:d}-{self.application:d}"

    @property
    def title(self) -> str:
        """``(CONNECTED, CONNECTING)``, for texts."""
        return _titles()[self]


@cache
def _titles() -> Mapping[Pair, str]:
    return {pair: f"({pair.client.name}, {pair.application.name})" for pair in ALL_PAIRS}


ALL_PAIRS = tuple(Pair(client, application) for client in WebSocketState for application in WebSocketState)
INITIAL = Pair(CONNECTING, CONNECTING)


class Move(NamedTuple):
    """A row of a table: the state that is assigned, and the requirements that say so."""

    to: WebSocketState
    requirements: tuple[str, ...]


CONNECT = "websocket.connect"
RECEIVED = "websocket.receive"
DISCONNECT = "websocket.disconnect"
ACCEPT = "websocket.accept"
SENT = "websocket.send"
CLOSE = "websocket.close"
DENIAL_START = "websocket.http.response.start"
DENIAL_BODY = "websocket.http.response.body"
MORE = "+more"
UNKNOWN = "websocket.unknown"

RECEIVE: Mapping[WebSocketState, Mapping[str, Move]] = MappingProxyType(
    {
        CONNECTING: {CONNECT: Move(CONNECTED, ("starlette.state.connect-received",))},
        CONNECTED: {
            RECEIVED: Move(CONNECTED, ("starlette.state.receive-message",)),
            DISCONNECT: Move(DISCONNECTED, ("starlette.state.disconnect-received",)),
        },
        DISCONNECTED: {},
        RESPONSE: {},
    }
)

SEND: Mapping[WebSocketState, Mapping[str, Move]] = MappingProxyType(
    {
        CONNECTING: {
            ACCEPT: Move(CONNECTED, ("starlette.state.accept",)),
            CLOSE: Move(DISCONNECTED, ("starlette.state.close",)),
            DENIAL_START: Move(RESPONSE, ("starlette.state.denial-start",)),
        },
        CONNECTED: {
            SENT: Move(CONNECTED, ()),
            CLOSE: Move(DISCONNECTED, ("starlette.state.close",)),
        },
        DISCONNECTED: {},
        RESPONSE: {
            DENIAL_BODY + MORE: Move(RESPONSE, ("starlette.state.denial-start",)),
            DENIAL_BODY: Move(DISCONNECTED, ("starlette.state.denial-end",)),
        },
    }
)

LOST: Mapping[WebSocketState, Move] = MappingProxyType(
    {CONNECTED: Move(DISCONNECTED, ("starlette.send.lost", "starlette.state.send-lost"))}
)
LOST_CODE = 1006

REFUSED_SEND = ("starlette.illegal.send", "starlette.state.unchanged-on-error")
WRONG_TYPE = ("starlette.receive.wrong-type",)
REFUSED_RECEIVE = ("starlette.illegal.receive", "starlette.state.unchanged-on-error")

DENIAL_EXTENSION = "websocket.http.response"


class Guard(Enum):
    """What a method looks at before it goes on; it raises RuntimeError where the guard does not hold."""

    KNOWN_MODE = ("starlette.illegal.json-mode", "starlette.state.unchanged-on-error")
    ACCEPTED = REFUSED_RECEIVE
    DENIAL_OFFERED = ("starlette.denial.missing-extension", "starlette.state.unchanged-on-error")


class Receive(NamedTuple):
    """Call receive(); with ``only_connecting`` only if client_state is CONNECTING."""

    only_connecting: bool = False


class Disconnects(NamedTuple):
    """Raise WebSocketDisconnect with the code and reason of the message, if it is a disconnect."""


class Take(NamedTuple):
    """Return what the message holds: the ``event`` itself, ``text``, ``bytes``, ``json-text`` or ``json-binary``."""

    kind: str
    requirements: tuple[str, ...] = ()


class Send(NamedTuple):
    """Call send() with a message of this type."""

    message: str
    requirements: tuple[str, ...] = ()


class Repeat(NamedTuple):
    """Do the steps over and over, collecting what they return, until they raise WebSocketDisconnect."""

    steps: tuple[Receive | Disconnects | Take | Guard, ...]


Primitive = Guard | Receive | Disconnects | Take | Send | Repeat

_TAKE_TEXT = Take("text", ("starlette.receive.text",))
_TAKE_BYTES = Take("bytes", ("starlette.receive.bytes",))
_TAKE_JSON = Take("json-text", ("starlette.receive.json",))
_ACCEPT = Send(ACCEPT, ("starlette.accept.subprotocol", "starlette.accept.headers"))
_CLOSE = Send(CLOSE, ("starlette.close.code", "starlette.close.reason"))
_START, _END = Send(DENIAL_START, ("starlette.denial.sent",)), Send(DENIAL_BODY, ("starlette.denial.sent",))
_CHUNK = Send(DENIAL_BODY + MORE, ("starlette.denial.sent",))

RAW_SENDS: tuple[str, ...] = (
    *(CONNECT, RECEIVED, DISCONNECT, ACCEPT, SENT, CLOSE, DENIAL_START, DENIAL_BODY, DENIAL_BODY + MORE, UNKNOWN),
)

OPERATIONS: Mapping[str, tuple[Primitive, ...]] = MappingProxyType(
    {
        "accept": (Receive(only_connecting=True), _ACCEPT),
        "receive": (Receive(), Take("event", ("starlette.receive.raw",))),
        "receive_text": (Guard.ACCEPTED, Receive(), Disconnects(), _TAKE_TEXT),
        "receive_bytes": (Guard.ACCEPTED, Receive(), Disconnects(), _TAKE_BYTES),
        "receive_json[text]": (Guard.ACCEPTED, Receive(), Disconnects(), _TAKE_JSON),
        "receive_json[binary]": (
            *(Guard.ACCEPTED, Receive(), Disconnects(), Take("json-binary", ("starlette.receive.json",))),
        ),
        "receive_json[illegal]": (Guard.KNOWN_MODE,),
        "iter_text": (Repeat((Guard.ACCEPTED, Receive(), Disconnects(), _TAKE_TEXT)),),
        "iter_bytes": (Repeat((Guard.ACCEPTED, Receive(), Disconnects(), _TAKE_BYTES)),),
        "iter_json": (Repeat((Guard.ACCEPTED, Receive(), Disconnects(), _TAKE_JSON)),),
        "send_text": (Send(SENT, ("starlette.send.text",)),),
        "send_bytes": (Send(SENT, ("starlette.send.bytes",)),),
        "send_json[text]": (Send(SENT, ("starlette.send.json",)),),
        "send_json[binary]": (Send(SENT, ("starlette.send.json",)),),
        "send_json[illegal]": (Guard.KNOWN_MODE,),
        "close": (_CLOSE,),
        "send_denial_response": (Guard.DENIAL_OFFERED, _START, _END),
        "send_denial_response[chunks]": (Guard.DENIAL_OFFERED, _START, _CHUNK, _CHUNK, _END),
        **{f"send[{message}]": (Send(message, ("starlette.send.raw",)),) for message in RAW_SENDS},
    }
)
