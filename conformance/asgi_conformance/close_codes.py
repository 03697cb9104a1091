"""What RFC 6455 section 7.4 and the IANA registry of WebSocket close codes say of each code, as data.

Also the rows that the cases on closing are run with. A row is ``(row id, code, reason)``; the reason is a str, None
where there is none, or bytes where it is not UTF-8. The rows are the same in every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from asgi_conformance.model import Level


class CloseClass(StrEnum):
    """The kinds of close code, by what may be done with them."""

    NOT_USED = "not-used"
    DEFINED = "defined"
    RESERVED = "reserved"
    RESERVED_NEVER_SENT = "reserved-never-sent"
    IANA_REGISTERED = "iana-registered"
    UNASSIGNED_PROTOCOL = "unassigned-protocol"
    LIBRARY = "library"
    PRIVATE = "private"
    OUT_OF_RANGE = "out-of-range"


@dataclass(frozen=True, slots=True)
class CloseCode:
    """One code. ``registry`` is where its meaning is written down: ``RFC 6455``, ``IANA``, or '' for nowhere.

    ``client_legal`` and ``server_legal``: that end may put the code into a Close frame.
    """

    code: int
    name: str
    kind: CloseClass
    registry: str
    client_legal: bool
    server_legal: bool

    @property
    def sendable_by_endpoint(self) -> bool:
        """At least one of the two ends may put it into a Close frame."""
        return self.client_legal or self.server_legal


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the application must be shown for a Close frame of the client, at the outermost ASGI boundary.

    ``codes`` are those that count as right, the preferred one first; empty means that any int is shown and none is
    judged. ``level`` and ``requirement`` say how strongly and by which statement. ``fails``: the frame breaks the
    protocol, so the server fails the connection and answers with 1002 or 1007, if at all.
    """

    codes: tuple[int, ...]
    level: Level
    requirement: str
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """A close reason under the name that row ids use."""

    name: str
    value: str | bytes | None

    @property
    def legal(self) -> bool:
        """It is UTF-8 and leaves room for the code in the 125 bytes of a control frame (RFC 6455 section 5.5)."""
        return _is_legal(self.value)


Row = tuple[str, int, str | bytes | None]

MAXIMUM = 65535
REASON_LIMIT = 123

_NAMED: Mapping[int, str] = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1004: "reserved",
    1005: "no status received",
    1006: "abnormal closure",
    1007: "invalid frame payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failure",
    3000: "unauthorized",
    3003: "forbidden",
    3008: "timeout",
}

_DEFINED = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011})
_NEVER_SENT = frozenset({1005, 1006, 1015})
_REGISTERED = frozenset({1012, 1013, 1014})

RANGES: tuple[tuple[range, CloseClass], ...] = (
    (range(0, 1000), CloseClass.NOT_USED),
    (range(1000, 3000), CloseClass.UNASSIGNED_PROTOCOL),
    (range(3000, 4000), CloseClass.LIBRARY),
    (range(4000, 5000), CloseClass.PRIVATE),
    (range(5000, MAXIMUM + 1), CloseClass.OUT_OF_RANGE),
)
"""The ranges of RFC 6455 section 7.4.2; from 1000 to 1015 the class of the single code goes before."""

BOUNDARIES = (0, 1, 999, *range(1000, 1016), 1016, 1999, 2000, 2999, 3000, 3999, 4000, 4999, 5000, MAXIMUM)
"""The first and last code of each range and all that have a name of their own in the RFC."""

SPREAD = (2, 100, 403, 500, 998, 1017, 1500, 2500, 3001, 3003, 3008, 3500, 4001, 4100, 4404, 4500, 4998, 5001, 10001,
          32768, 65534)  # fmt: skip
"""Others, with those that applications use by mistake, such as HTTP status codes."""

ABSENT = Reason("none", None)
EMPTY = Reason("empty", "")
BYE = Reason("bye", "bye")
NON_ASCII = Reason("nonascii", "tschüß 終わり 👋")
LONGEST = Reason("123b", "r" * 123)
TOO_LONG = Reason("124b", "r" * 124)
# Both of these have 62 characters: who counts characters instead of bytes takes the second for short enough.
LONGEST_NON_ASCII = Reason("123b-nonascii", "é" * 61 + "r")
TOO_LONG_NON_ASCII = Reason("124b-nonascii", "é" * 62)
BAD_UTF8 = Reason("badutf8", b"\xff\xfe")
TRUNCATED_UTF8 = Reason("badutf8-truncated", b"bye\xc3")
SURROGATE_UTF8 = Reason("badutf8-surrogate", b"\xed\xa0\x80")
OVERLONG_UTF8 = Reason("badutf8-overlong", b"\xc0\xaf")

REASONS = (ABSENT, EMPTY, BYE, NON_ASCII, LONGEST, LONGEST_NON_ASCII, TOO_LONG, TOO_LONG_NON_ASCII,
           BAD_UTF8, TRUNCATED_UTF8, SURROGATE_UTF8, OVERLONG_UTF8)  # fmt: skip


def classify(code: int) -> CloseClass:
    """The kind of a code. Raises `ValueError` if it does not fit the two bytes of a Close frame."""
    if not 0 <= code <= MAXIMUM:
        raise ValueError(f"a close code is a number from 0 to {MAXIMUM}, not {code}")
    if code in _DEFINED:
        return CloseClass.DEFINED
    if code in _NEVER_SENT:
        return CloseClass.RESERVED_NEVER_SENT
    if code in _REGISTERED:
        return CloseClass.IANA_REGISTERED
    if code == 1004:
        return CloseClass.RESERVED
    return next(kind for codes, kind in RANGES if code in codes)


def describe(code: int) -> CloseCode:
    """All that is known of a code. Raises `ValueError` if it does not fit the two bytes of a Close frame."""
    kind = classify(code)
    legal = kind in {CloseClass.DEFINED, CloseClass.IANA_REGISTERED, CloseClass.LIBRARY, CloseClass.PRIVATE}
    if code in _NAMED:
        registry = "RFC 6455" if code < 3000 and code not in _REGISTERED else "IANA"
    else:
        registry = ""
    # Section 7.4.1 gives 1010 to clients: a server refuses the handshake instead.
    return CloseCode(code, _NAMED.get(code, ""), kind, registry, legal, legal and code != 1010)


def names() -> Mapping[int, str]:
    """The codes that have a name, and the name."""
    return dict(_NAMED)


def payload(code: int | None, reason: str | bytes | None = None) -> bytes:
    """The body of a Close frame, legal or not (RFC 6455 section 5.5.1).

    Raises `ValueError` for a reason without a code before it.
    """
    if code is None:
        if reason is not None:
            raise ValueError("a close reason needs a code before it")
        return b""
    return code.to_bytes(2, "big") + (reason.encode() if isinstance(reason, str) else reason or b"")


@lru_cache(4096)
def arrival(code: int | None, reason: str | bytes | None = None) -> Arrival:
    """What must reach the application when the client sends this Close frame; a code of None is an empty frame.

    Raises `ValueError` if the code does not fit the two bytes of a Close frame.
    """
    if code is None:
        return Arrival((1005,), Level.MUST, "asgi.disconnect.default-code")
    description = describe(code)
    if not description.client_legal or not _is_legal(reason):
        return Arrival((), Level.SILENT, "asgi.disconnect.illegal-code", fails=True)
    if description.kind is CloseClass.IANA_REGISTERED:
        return Arrival((code, 1002, 1006), Level.SILENT, "asgi.disconnect.registered-code")
    return Arrival((code,), Level.MUST, "asgi.disconnect.code")


def sendable_by_a_client(exhaustive: bool = False) -> Iterator[Row]:
    """Closes of the client that must arrive as they are. An absent and an empty reason are one frame, so one row."""
    must = [c for c in _listed() if arrival(c).level is Level.MUST]
    yield from _product(must, (ABSENT, BYE, NON_ASCII, LONGEST, LONGEST_NON_ASCII))
    if exhaustive:
        yield from _product((c for c in _others() if arrival(c).level is Level.MUST), (ABSENT,))


def registered_from_a_client() -> Iterator[Row]:
    """Closes of the client with the codes that IANA registered after the RFC: servers differ, and all are right."""
    yield from _product(sorted(_REGISTERED), (ABSENT, BYE))


def illegal_from_a_client(exhaustive: bool = False) -> Iterator[Row]:
    """Closes of the client that break the protocol, by their code or by their reason."""
    yield from _product((c for c in _listed() if arrival(c).fails), (ABSENT,))
    yield from _product((0, 999, 1005, 1006, 1015, 2999, 5000), (BYE,))
    yield from _product((1000, 4001), (TOO_LONG, TOO_LONG_NON_ASCII, BAD_UTF8, TRUNCATED_UTF8, SURROGATE_UTF8,
                                       OVERLONG_UTF8))  # fmt: skip
    if exhaustive:
        yield from _product((c for c in _others() if arrival(c).fails), (ABSENT,))


def malformed_from_a_client() -> Iterator[tuple[str, bytes]]:
    """Bodies of a Close frame that are too short to hold a code: ``(row id, body)``."""
    yield "onebyte-03", b"\x03"
    yield "onebyte-00", b"\x00"
    yield "onebyte-ff", b"\xff"


def sendable_by_an_app(exhaustive: bool = False) -> Iterator[Row]:
    """Closes of the application that must be on the wire as they are."""
    legal = [c for c in _listed() if describe(c).server_legal]
    yield from _product(legal, (ABSENT, EMPTY, BYE, NON_ASCII, LONGEST, LONGEST_NON_ASCII))
    if exhaustive:
        yield from _product((c for c in _others() if describe(c).server_legal), (ABSENT,))


def client_only_from_an_app() -> Iterator[Row]:
    """Closes of the application with the code that the RFC gives to clients alone; shown, not judged."""
    yield from _product((1010,), (ABSENT, BYE))


def illegal_from_an_app(exhaustive: bool = False) -> Iterator[Row]:
    """Closes of the application that must not be on the wire as they are, by their code or by their reason."""
    yield from _product((c for c in _listed() if not describe(c).sendable_by_endpoint), (ABSENT,))
    yield from _product((0, 999, 1005, 1006, 1015, 2999, 5000), (BYE,))
    yield from _product((1000, 4001), (TOO_LONG, TOO_LONG_NON_ASCII))
    if exhaustive:
        yield from _product((c for c in _others() if not describe(c).sendable_by_endpoint), (ABSENT,))


def _is_legal(reason: str | bytes | None) -> bool:
    if isinstance(reason, bytes):
        try:
            reason = reason.decode()
        except UnicodeDecodeError:
            return False
    return len((reason or "").encode()) <= REASON_LIMIT


def _listed() -> list[int]:
    return sorted({*BOUNDARIES, *SPREAD})


def _others() -> Iterator[int]:
    listed = frozenset(_listed())
    return (code for code in range(MAXIMUM + 1) if code not in listed)


def _product(codes: Iterable[int], reasons: tuple[Reason, ...]) -> Iterator[Row]:
    for code in codes:
        for reason in reasons:
            yield f"{code}-{reason.name}", code, reason.value
