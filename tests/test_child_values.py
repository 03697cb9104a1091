"""Values of subclasses leave the child as what they are: an application may send any string, marked or enumerated."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from enum import Enum, IntEnum
from typing import Any

import pytest

from asgi_conformance.child.wire import encode


class Reason(str, Enum):  # noqa: UP042 - str() of a StrEnum is its value, that of this is not
    GONE = "gone"


class Code(IntEnum):
    GOING_AWAY = 1001


class Safe(str):
    def __str__(self) -> str:
        return "something else"


class Blob(bytes):
    def __bytes__(self) -> bytes:
        return b"something else"


class Seconds(float): ...


Pair = namedtuple("Pair", "code reason")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Reason.GONE, "gone"),
        (Code.GOING_AWAY, 1001),
        (Safe("<p>"), "<p>"),
        (Blob(b"\x00"), b"\x00"),
        (Seconds(1.5), 1.5),
        (Pair(Code.GOING_AWAY, Reason.GONE), [1001, "gone"]),
        (OrderedDict(a=Safe("b")), {"a": "b"}),
        ({Reason.GONE: 1}, {"gone": 1}),
        (Safe("x" * 600), "x" * 600),
    ],
)
def test_an_instance_of_a_subclass_is_its_plain_value(value: Any, plain: Any) -> None:
    assert encode(value) == encode(plain)


def test_what_is_no_plain_value_stays_an_object() -> None:
    assert encode(object)["$"] == "object"
