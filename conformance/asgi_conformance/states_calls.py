"""How a script calls each operation of the state table: the app lane's word for it, and arguments that fit."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .states import (
    ACCEPT,
    CLOSE,
    CONNECT,
    DENIAL_BODY,
    DENIAL_START,
    DISCONNECT,
    MORE,
    OPERATIONS,
    RAW_SENDS,
    RECEIVED,
    SENT,
    UNKNOWN,
)

ILLEGAL_MODE = "illegal"
DATA = {"n": 1}
_CLOSE = {"code": 4002, "reason": "done"}
_DENIAL: Mapping[str, Any] = {"status": 403, "headers": [[b"x-denied", b"yes"]]}

RAW_MESSAGES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        CONNECT: {"type": CONNECT},
        RECEIVED: {"type": RECEIVED, "text": "x"},
        DISCONNECT: {"type": DISCONNECT, "code": 4001, "reason": "bye"},
        ACCEPT: {"type": ACCEPT, "subprotocol": None, "headers": []},
        SENT: {"type": SENT, "text": "x"},
        CLOSE: {"type": CLOSE, **_CLOSE},
        DENIAL_START: {"type": DENIAL_START, **_DENIAL},
        DENIAL_BODY: {"type": DENIAL_BODY, "body": b"no", "more_body": False},
        DENIAL_BODY + MORE: {"type": DENIAL_BODY, "body": b"no", "more_body": True},
        UNKNOWN: {"type": UNKNOWN},
    }
)


class Call(NamedTuple):
    """An operation as a step of the app lane: ``op`` and its arguments (plain JSON values, and bytes)."""

    op: str
    args: Mapping[str, Any]


_WITH_ARGUMENTS = {
    "receive_json[text]": Call("receive_json", {"mode": "text"}),
    "receive_json[binary]": Call("receive_json", {"mode": "binary"}),
    "receive_json[illegal]": Call("receive_json", {"mode": ILLEGAL_MODE}),
    "iter_text": Call("iterate", {"kind": "text"}),
    "iter_bytes": Call("iterate", {"kind": "bytes"}),
    "iter_json": Call("iterate", {"kind": "json"}),
    "send_text": Call("send_text", {"data": "x"}),
    "send_bytes": Call("send_bytes", {"data": b"x"}),
    "send_json[text]": Call("send_json", {"data": DATA, "mode": "text"}),
    "send_json[binary]": Call("send_json", {"data": DATA, "mode": "binary"}),
    "send_json[illegal]": Call("send_json", {"data": DATA, "mode": ILLEGAL_MODE}),
    "close": Call("close", _CLOSE),
    "send_denial_response": Call("deny", {**_DENIAL, "chunks": [b"no"]}),
    "send_denial_response[chunks]": Call("deny", {**_DENIAL, "chunks": [b"n", b"o"]}),
    **{f"send[{name}]": Call("send", {"message": dict(RAW_MESSAGES[name])}) for name in RAW_SENDS},
}

CALLS: Mapping[str, Call] = MappingProxyType({name: _WITH_ARGUMENTS.get(name, Call(name, {})) for name in OPERATIONS})
