"""A server that refuses a legal close, and a framework that then closes with another code: each is judged alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from asgi_conformance import cases
from asgi_conformance.dialects import early
from asgi_conformance.judge import _holds_close
from asgi_conformance.judge.application_ending import _escape
from asgi_conformance.judge.seen import read
from asgi_conformance.judge.server_closing import own_close
from asgi_conformance.model import Case, Component, Layer, Observation, Trace

REFUSED = {"type": "builtins.Exception", "mro": ["Exception", "BaseException"], "message": "invalid close code 1001"}
WHO = Component("app.chat", Layer.APPLICATION, "app.py", 3)


def close(code: int, *after: tuple[str, dict[str, Any]]) -> list[tuple[str, str, dict[str, Any]]]:
    event = {"type": "websocket.close", "code": code}
    return [("outer", "send", {"event": event, "step": 2}), *(("outer", kind, data) for kind, data in after)]


def trace(*entries: tuple[str, str, dict[str, Any]]) -> Trace:
    return Trace(tuple(Observation(at, *entry) for at, entry in enumerate(entries)))


def accepted() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("outer", "enter", {"spec_version": "2.0"}),
        ("outer", "receive", {"event": {"type": "websocket.connect"}, "step": 1}),
        ("outer", "send", {"event": {"type": "websocket.accept"}, "step": 1}),
        ("outer", "sent", {"step": 1}),
        ("wire", "response", {"status": 101, "headers": []}),
    ]


def test_the_frame_of_another_close_is_not_taken_for_the_one_that_was_refused() -> None:
    frame = {"opcode": "close", "fin": True, "payload": {"$": "bytes", "hex": "03e8"}, "code": 1000, "reason": ""}
    seen = read(
        trace(
            *accepted(),
            *close(1001, ("send.raised", {"exc": REFUSED, "step": 2})),
            *close(1000, ("sent", {"step": None})),
            ("wire", "received", frame),
            ("wire", "received.eof", {}),
        )
    )
    assert seen.outer is not None
    (breach,) = (claim for claim in own_close(seen, seen.outer, "2.0") if not claim.held)
    assert breach.requirement == "asgi.close.code"
    assert breach.observed == "no Close frame, send() raised Exception: invalid close code 1001"


@pytest.mark.parametrize(("received", "blamed"), [(0, False), (1, True), (2, False)])
def test_a_handler_is_not_blamed_for_a_close_that_the_server_refused(received: int, blamed: bool) -> None:
    """Task 1 is the handler's, task 2 one of the framework that reads ahead of it."""
    told = [("route", "receive", {"event": {"type": "websocket.disconnect", "code": 1000}, "task": received})]
    seen = read(
        trace(
            *accepted(),
            *(told if received else []),
            ("route", "send", {"event": {"type": "websocket.close", "code": 1001}, "task": 1}),
            ("route", "send.raised", {"exc": REFUSED, "task": 1}),
            ("route", "escaped", {"exc": REFUSED}),
            ("route", "exit", {"outcome": "returned"}),
        )
    )
    case = Case("route.binary", "The handler copes.", "route", (), kind="route", tags={"way": "binary"})
    claims = list(_escape(case, seen, {"outcome": "returned"}, WHO))
    assert any(not claim.held for claim in claims) is blamed


def test_falcon_is_not_asked_for_headers_behind_a_server_of_asgi_2_0() -> None:
    found = [case for case in cases.load() if case.id == "handshake.headers" and case.row != "none"]
    assert found
    for case in found:
        assert early(case, "falcon", "2.0")
        assert not early(case, "falcon", "2.1")
        assert not early(case, "litestar", "2.0")
    assert not early(replace(found[0], steps=()), "falcon", "2.0")


def test_a_close_that_went_out_among_other_frames_is_seen() -> None:
    message, close = "818100000000" + "30", "888200000000" + "0fa1"
    assert _holds_close(bytes.fromhex(message * 5 + close))
    assert not _holds_close(bytes.fromhex(message * 5 + "8882"[:2]))
    assert not _holds_close(bytes.fromhex(message + "81fe0200"))


@pytest.mark.parametrize("receiving", [True, False])
def test_a_close_that_waits_for_a_receive_is_told_from_others(receiving: bool) -> None:
    waiting = {"outer.send": "send", **({"outer.receive": "receive"} if receiving else {})}
    late = {"wait": "close", "seconds": 5.0, "app": {"step": 2, "waiting": waiting}, "child_loop_lag_us": 0}
    deadline = ("client", "deadline", {**late, "own_lag_us": 0, "child_loop_stack": []})
    seen = read(trace(*accepted(), *close(4001), deadline))
    assert seen.outer is not None
    (code, started) = (claim for claim in own_close(seen, seen.outer, "2.3") if not claim.held)
    assert (code.requirement, started.requirement) == ("asgi.close.code", "rfc6455.close.started")
    assert code.observed.endswith("while another task waited in receive()") is receiving
