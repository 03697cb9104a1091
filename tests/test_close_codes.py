"""What the data on close codes says, checked against the documents and against the client that the suite stands on."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from websockets.exceptions import ProtocolError
from websockets.frames import Close

from asgi_conformance import close_codes, requirements
from asgi_conformance.close_codes import CloseClass
from asgi_conformance.model import Level

GENERATORS = (
    close_codes.sendable_by_a_client,
    close_codes.registered_from_a_client,
    close_codes.illegal_from_a_client,
    close_codes.malformed_from_a_client,
    close_codes.sendable_by_an_app,
    close_codes.client_only_from_an_app,
    close_codes.illegal_from_an_app,
)
EVERY_CODE = range(close_codes.MAXIMUM + 1)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, "not-used"),
        (999, "not-used"),
        (1000, "defined"),
        (1003, "defined"),
        (1004, "reserved"),
        (1005, "reserved-never-sent"),
        (1006, "reserved-never-sent"),
        (1007, "defined"),
        (1011, "defined"),
        (1012, "iana-registered"),
        (1014, "iana-registered"),
        (1015, "reserved-never-sent"),
        (1016, "unassigned-protocol"),
        (2999, "unassigned-protocol"),
        (3000, "library"),
        (3999, "library"),
        (4000, "private"),
        (4999, "private"),
        (5000, "out-of-range"),
        (65535, "out-of-range"),
    ],
)
def test_the_class_of_a_code(code: int, kind: str) -> None:
    assert close_codes.classify(code) == kind


def test_every_code_has_one_class() -> None:
    assert Counter(close_codes.classify(code) for code in EVERY_CODE) == {
        CloseClass.NOT_USED: 1000,
        CloseClass.DEFINED: 9,
        CloseClass.RESERVED: 1,
        CloseClass.RESERVED_NEVER_SENT: 3,
        CloseClass.IANA_REGISTERED: 3,
        CloseClass.UNASSIGNED_PROTOCOL: 1984,
        CloseClass.LIBRARY: 1000,
        CloseClass.PRIVATE: 1000,
        CloseClass.OUT_OF_RANGE: 60536,
    }


@pytest.mark.parametrize("code", [-1, 65536])
def test_what_does_not_fit_two_bytes_is_no_code(code: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 65535"):
        close_codes.classify(code)


def test_the_websockets_library_draws_the_same_line() -> None:
    def accepted(code: int) -> bool:
        try:
            Close.parse(close_codes.payload(code)).check()
        except ProtocolError:
            return False
        return True

    assert {c for c in EVERY_CODE if accepted(c)} == {c for c in EVERY_CODE if close_codes.describe(c).client_legal}


def test_names_and_registries() -> None:
    assert {code for code in close_codes.names() if code < 3000} == set(range(1000, 1016))
    assert close_codes.describe(1005).registry == "RFC 6455"
    assert close_codes.describe(1013).registry == "IANA"
    assert close_codes.describe(4001) == close_codes.CloseCode(4001, "", CloseClass.PRIVATE, "", True, True)


def test_1010_is_for_clients() -> None:
    code = close_codes.describe(1010)
    assert (code.client_legal, code.server_legal, code.sendable_by_endpoint) == (True, False, True)
    every = [close_codes.describe(code) for code in EVERY_CODE]
    assert [code.code for code in every if code.client_legal != code.server_legal] == [1010]


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (None, None, b""),
        (1000, None, b"\x03\xe8"),
        (4001, "", b"\x0f\xa1"),
        (4001, "é", b"\x0f\xa1\xc3\xa9"),
        (65535, b"\xff", b"\xff\xff\xff"),
        (0, None, b"\x00\x00"),
    ],
)
def test_the_body_of_a_close_frame(code: int | None, reason: str | bytes | None, expected: bytes) -> None:
    assert close_codes.payload(code, reason) == expected


def test_a_reason_needs_a_code() -> None:
    with pytest.raises(ValueError, match="needs a code"):
        close_codes.payload(None, "bye")


@pytest.mark.parametrize("reason", close_codes.REASONS, ids=lambda r: r.name)
def test_a_reason_is_legal_when_it_fits(reason: close_codes.Reason) -> None:
    body = close_codes.payload(1000, reason.value)
    assert reason.legal == ("badutf8" not in reason.name and len(body) <= 125)
    expected = re.match(r"(\d+)b", reason.name)
    assert expected is None or len(body) - 2 == int(expected[1])


def test_who_counts_characters_is_caught() -> None:
    longest, too_long = close_codes.LONGEST_NON_ASCII.value, close_codes.TOO_LONG_NON_ASCII.value
    assert longest is not None
    assert too_long is not None
    assert len(longest) == len(too_long) == 62


@pytest.mark.parametrize(
    ("code", "reason", "codes", "level", "requirement", "fails"),
    [
        (None, None, (1005,), "MUST", "asgi.disconnect.default-code", False),
        (1000, None, (1000,), "MUST", "asgi.disconnect.code", False),
        (4001, "bye", (4001,), "MUST", "asgi.disconnect.code", False),
        (1010, None, (1010,), "MUST", "asgi.disconnect.code", False),
        (1012, None, (1012, 1002, 1006), "SILENT", "asgi.disconnect.registered-code", False),
        (1005, None, (), "SILENT", "asgi.disconnect.illegal-code", True),
        (2999, None, (), "SILENT", "asgi.disconnect.illegal-code", True),
        (5000, None, (), "SILENT", "asgi.disconnect.illegal-code", True),
        (4001, "r" * 124, (), "SILENT", "asgi.disconnect.illegal-code", True),
        (4001, b"\xff", (), "SILENT", "asgi.disconnect.illegal-code", True),
        (4001, b"bye", (4001,), "MUST", "asgi.disconnect.code", False),
    ],
)
def test_what_must_arrive(
    code: int | None,
    reason: str | bytes | None,
    codes: tuple[int, ...],
    level: str,
    requirement: str,
    fails: bool,
) -> None:
    expected = close_codes.Arrival(codes, Level(level), requirement, fails)
    assert close_codes.arrival(code, reason) == expected


def test_an_arrival_and_its_requirement_agree() -> None:
    for arrival in {close_codes.arrival(code) for code in (None, *EVERY_CODE)}:
        assert requirements.get(arrival.requirement).level is arrival.level


@pytest.mark.parametrize("rows", GENERATORS, ids=lambda g: g.__name__)
def test_row_ids_can_be_typed_and_stay(rows: object) -> None:
    assert callable(rows)
    ids = [row[0] for row in rows()]
    assert ids == [row[0] for row in rows()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[!-~]+", row_id) and "[" not in row_id for row_id in ids)


def test_row_ids_that_users_know() -> None:
    assert ("4001-bye", 4001, "bye") in close_codes.sendable_by_a_client()
    assert ("4001-123b", 4001, "r" * 123) in close_codes.sendable_by_a_client()
    assert ("1005-none", 1005, None) in close_codes.illegal_from_a_client()
    assert ("4001-badutf8", 4001, b"\xff\xfe") in close_codes.illegal_from_a_client()
    assert ("1000-empty", 1000, "") in close_codes.sendable_by_an_app()
    assert ("999-none", 999, None) in close_codes.illegal_from_an_app()


def test_the_rows_of_the_client_are_what_they_say() -> None:
    for _, code, reason in close_codes.sendable_by_a_client():
        assert close_codes.arrival(code, reason).codes == (code,)
    for _, code, reason in close_codes.registered_from_a_client():
        assert len(close_codes.arrival(code, reason).codes) == 3
    for _, code, reason in close_codes.illegal_from_a_client():
        assert close_codes.arrival(code, reason).fails
        assert len(close_codes.payload(code, reason)) <= 126
    assert all(len(body) == 1 for _, body in close_codes.malformed_from_a_client())


def test_the_rows_of_the_application_are_what_they_say() -> None:
    for _, code, reason in close_codes.sendable_by_an_app():
        assert close_codes.describe(code).server_legal
        assert not close_codes.arrival(code, reason).fails
    for _, code, reason in close_codes.illegal_from_an_app():
        assert close_codes.arrival(code, reason).fails
        assert not isinstance(reason, bytes), "an application sends str"


def test_each_boundary_code_goes_both_ways() -> None:
    from_client = {code for rows in GENERATORS[:3] for _, code, *_ in rows()}
    from_app = {code for rows in GENERATORS[4:] for _, code, *_ in rows()}
    assert from_client == from_app == {*close_codes.BOUNDARIES, *close_codes.SPREAD}


def test_the_exhaustive_rows_sweep_all_codes_in_both_directions() -> None:
    client = [*close_codes.sendable_by_a_client(True), *close_codes.illegal_from_a_client(True)]
    app = [*close_codes.sendable_by_an_app(True), *close_codes.illegal_from_an_app(True)]
    assert {code for _, code, _ in client} | {1012, 1013, 1014} == set(EVERY_CODE)
    assert {code for _, code, _ in app} | {1010} == set(EVERY_CODE)
    assert len({row[0] for row in client}) == len(client)
    assert len({row[0] for row in app}) == len(app)
