"""Where the client is, and what it must have done for an operation of the state table to complete."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from .states import DISCONNECT, RECEIVED


class Link(StrEnum):
    """Where the client is."""

    PRESENT = "present"
    CLOSED = "closed"
    LOST = "lost"
    CLOSED_BY_APP = "closed-by-app"


class Environment(StrEnum):
    """What must be so for an operation to complete; the last part of a transition's id."""

    ANY = "any"
    OFFERED = "offered"
    NOT_OFFERED = "not-offered"
    CONNECT = "connect"
    PRESENT = "present"
    TEXT = "text"
    BYTES = "bytes"
    JSON = "json"
    JSON_BYTES = "json-bytes"
    TEXT_CLOSED = "text-closed"
    BYTES_CLOSED = "bytes-closed"
    JSON_CLOSED = "json-closed"
    CLOSED = "closed"
    LOST = "lost"
    CLOSED_BY_APP = "closed-by-app"


class Lane(NamedTuple):
    """The client's part of an environment.

    ``links`` are where the client may be before (None: anywhere), ``link`` is where it is then (None: where it was);
    ``messages`` wait for the operation; ``actions`` are what the client does if it is not there yet.
    """

    meaning: str
    links: tuple[Link, ...] | None = None
    link: Link | None = None
    messages: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[str, ...] = ()


CLOSE_CODE, CLOSE_REASON = 4001, "bye"
TEXT, BYTES, JSON, JSON_BYTES = "x", b"x", '{"n":1}', b'{"n":1}'
_TEXT, _BYTES = {"type": RECEIVED, "text": TEXT}, {"type": RECEIVED, "bytes": BYTES}
_JSON, _JSON_BYTES = {"type": RECEIVED, "text": JSON}, {"type": RECEIVED, "bytes": JSON_BYTES}
_HERE = (Link.PRESENT,)

ENVIRONMENTS: Mapping[Environment, Lane] = MappingProxyType(
    {
        Environment.ANY: Lane("The operation makes no inner call: the client does not matter."),
        Environment.OFFERED: Lane("No inner call; the server offers the denial extension."),
        Environment.NOT_OFFERED: Lane("No inner call; the server does not offer the denial extension."),
        Environment.CONNECT: Lane("Only the first event is needed, which always waits."),
        Environment.PRESENT: Lane("The client is there.", _HERE, Link.PRESENT),
        Environment.TEXT: Lane("A text waits that is not JSON.", _HERE, Link.PRESENT, (_TEXT,), ("send-text",)),
        Environment.BYTES: Lane("Bytes wait that are not JSON.", _HERE, Link.PRESENT, (_BYTES,), ("send-bytes",)),
        Environment.JSON: Lane("A text waits that is JSON.", _HERE, Link.PRESENT, (_JSON,), ("send-json",)),
        Environment.JSON_BYTES: Lane(
            *("Bytes wait that are JSON.", _HERE, Link.PRESENT, (_JSON_BYTES,), ("send-json-bytes",))
        ),
        Environment.TEXT_CLOSED: Lane(
            *("A text waits, then a Close.", _HERE, Link.CLOSED, (_TEXT,), ("send-text", "close"))
        ),
        Environment.BYTES_CLOSED: Lane(
            *("Bytes wait, then a Close.", _HERE, Link.CLOSED, (_BYTES,), ("send-bytes", "close"))
        ),
        Environment.JSON_CLOSED: Lane(
            *("A JSON text waits, then a Close.", _HERE, Link.CLOSED, (_JSON,), ("send-json", "close"))
        ),
        Environment.CLOSED: Lane(
            *("The client has sent Close.", (Link.PRESENT, Link.CLOSED), Link.CLOSED, (), ("close",))
        ),
        Environment.LOST: Lane(
            *("The client has dropped the TCP connection.", (Link.PRESENT, Link.LOST), Link.LOST, (), ("drop",))
        ),
        Environment.CLOSED_BY_APP: Lane(
            "The application has closed or denied, and the client has read to the end.",
            *((Link.CLOSED_BY_APP,), Link.CLOSED_BY_APP, (), ("read-until-closed",)),
        ),
    }
)

# Which messages are worth sending to which operation: what it reads, and one each of what it cannot read.
MESSAGES: Mapping[str, tuple[Environment, ...]] = MappingProxyType(
    {
        "receive": (Environment.TEXT, Environment.BYTES),
        "receive_text": (Environment.TEXT, Environment.BYTES),
        "receive_bytes": (Environment.BYTES, Environment.TEXT),
        "receive_json[text]": (Environment.JSON, Environment.TEXT, Environment.JSON_BYTES),
        "receive_json[binary]": (Environment.JSON_BYTES, Environment.BYTES, Environment.JSON),
        "iter_text": (Environment.TEXT_CLOSED, Environment.BYTES),
        "iter_bytes": (Environment.BYTES_CLOSED, Environment.TEXT),
        "iter_json": (Environment.JSON_CLOSED, Environment.TEXT, Environment.JSON_BYTES),
    }
)

# How a disconnect tells of each end; the values are examples, for a server may say less.
EVENTS: Mapping[Link, Mapping[str, Any]] = {
    Link.CLOSED: {"type": DISCONNECT, "code": CLOSE_CODE, "reason": CLOSE_REASON},
    Link.LOST: {"type": DISCONNECT, "code": 1006},
    Link.CLOSED_BY_APP: {"type": DISCONNECT, "code": 1006, "reason": ""},
}
