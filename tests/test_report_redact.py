"""report/redact.py: no credential reaches a file, and nothing else is lost."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from sample_cases import result
from sample_data import SERVERS
from sample_report import sample

from asgi_conformance.model import Case, Observation, Trace, Verdict
from asgi_conformance.report import files
from asgi_conformance.report.redact import MARK, is_sensitive, redact

CANARY = "c4n4ry-/+ü=s3cr3t"


@pytest.mark.parametrize(
    "name",
    ["Authorization", "proxy-authorization", "cookie", "Set-Cookie", "x-token", "csrf_token", "SECRET_KEY", "password",
     "passwd", "api-key", "apikey", "X-Api-Keys", "session", "sessionid", "client_secret", "key", "access_token"],
)  # fmt: skip
def test_sensitive_names(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize(
    "name", ["sec-websocket-key", "Sec-WebSocket-Accept", "host", "KeyError", "keyboard", "author", "monkeys-uncle"]
)
def test_harmless_names(name: str) -> None:
    assert not is_sensitive(name)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("ws://user:pw@host/x?a=1", f"ws://{MARK}@host/x?a=1"),
        ("/ws?token=abc&room=1", f"/ws?token={MARK}&room=1"),
        ("/ws?room=1&api_key=abc", f"/ws?room=1&api_key={MARK}"),
        ("Authorization: Bearer abc def", f"Authorization: {MARK}"),
        ("set-cookie: ['a=1; Path=/', 'b=2']", f"set-cookie: {MARK}"),
        ("set-cookie: [] and more", f"set-cookie: {MARK}"),
        ("cookie: b'a=1', b'it\\'s=2' was sent", f"cookie: {MARK} was sent"),
        ("cookie: b'a=1; this was cut", f"cookie: {MARK}"),
        ('authorization: "Bearer abc"', f"authorization: {MARK}"),
        ("{'cookie': 'a=b; c=d', 'host': 'x'}", f"{{'cookie': {MARK}, 'host': 'x'}}"),
        ('{"password": "a\\"b", "n": 1}', f'{{"password": {MARK}, "n": 1}}'),
        ("(b'authorization', b'Basic eDp5')", f"(b'authorization', {MARK})"),
        ("DB_PASSWORD=hunter2 started", f"DB_PASSWORD={MARK} started"),
        ("KeyError: 'text'", "KeyError: 'text'"),
        ("app.auth.SessionMiddleware (app/auth.py:40)", "app.auth.SessionMiddleware (app/auth.py:40)"),
        ("websocket.disconnect code=4001 reason='bye'", "websocket.disconnect code=4001 reason='bye'"),
        ("sec-websocket-key: dGhl", "sec-websocket-key: dGhl"),
    ],
)
def test_text(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ([["cookie", "a=b"], ["host", "x"]], [["cookie", MARK], ["host", "x"]]),
        ([["sec-websocket-key", "abc"]], [["sec-websocket-key", "abc"]]),
        ([{"$": "bytes", "hex": "6b6579"}, {"$": "bytes", "hex": "00"}], [{"$": "bytes", "hex": "6b6579"}, MARK]),
        ({"session": {"user": 1}, "n": None}, {"session": MARK, "n": None}),
        ({"token": None, "secret": False}, {"token": None, "secret": False}),
        ({"$": "bytes", "hex": b"token=abc&x=1".hex()}, {"$": "bytes", "hex": f"token={MARK}&x=1".encode().hex()}),
    ],
)  # fmt: skip
def test_values(value: Any, clean: Any) -> None:
    assert redact(value) == clean


def test_pure() -> None:
    report = {"a": [["cookie", "x"]], "b": {"token": "y"}}
    before = copy.deepcopy(report)
    redact(report, {"x"})
    assert report == before


def test_twice_is_once() -> None:
    once = redact(sample(), {CANARY})
    assert redact(once, {CANARY}) == once


def test_a_secret_that_is_a_word_of_ours_breaks_no_verdict() -> None:
    report = sample(secrets={"pass", "server", "fail"})
    assert {case["verdict"] for case in report["cases"]} >= {"pass", "fail"}
    assert files.render(report, ".html")


def test_a_short_secret_only_as_a_whole_value() -> None:
    assert redact(["1", "1000", {"a": "x1x"}], {"1"}) == [MARK, "1000", {"a": "x1x"}]


def test_an_id_that_looks_like_a_name_of_a_secret_keeps_its_requirement() -> None:
    requirement = {"id": "starlette.session", "statement": "It is kept."}
    assert (
        redact({"requirements": {"starlette.session": requirement}})["requirements"]["starlette.session"] == requirement
    )


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_a_canary_planted_everywhere_is_in_no_file(suffix: str) -> None:
    hexed = CANARY.encode().hex()
    event = {"type": "websocket.receive", "text": f"login {CANARY}", "bytes": {"$": "bytes", "hex": f"00{hexed}"}}
    exc = {"type": "x.Denied", "mro": ["Denied"], "message": f"no {CANARY!r}"}
    headers = [
        ["authorization", f"Bearer {CANARY}"],
        ["x-custom", CANARY],
        ["sec-websocket-protocol", f"bearer.{CANARY}"],
    ]
    places = (
        Observation(1, "wire", "request", {"path": f"/ws?q={CANARY}", "headers": headers}),
        Observation(2, "outer", "receive", {"event": event}),
        Observation(3, "app", "op", {"op": "x", "args": {"a": CANARY}, "raised": exc, "env": {CANARY: CANARY}}),
        Observation(4, CANARY, CANARY, {"$": CANARY, "hex": CANARY, "level": CANARY}),
    )
    case = Case(f"route.{CANARY}", CANARY, CANARY, (CANARY,), kind="route", tags={"route": f"/{CANARY}", "way": CANARY})
    planted = result(case, SERVERS[0].id, (), Trace(places), verdict=Verdict.FAIL, reason=CANARY)
    text = files.render(
        sample(
            results=[planted],
            secrets={CANARY},
            target={"name": f"app:{CANARY}", "framework": {"name": CANARY, "version": "1"}},
            partial_reasons=[CANARY, f"http://u:{CANARY}@h/"],
            error={"phase": "start", "message": f"log line {CANARY}"},
            routes=[{"path": f"/{CANARY}"}],
            environment={"python": "3", "platform": CANARY, "command": CANARY},
            command=f"pytest --header={CANARY}",
        ),
        suffix,
    )
    for spelling in (CANARY, hexed, "c4n4ry"):
        assert spelling not in text
    if suffix == ".html":
        assert "c4n4ry" not in _inflated(text)


def _inflated(page: str) -> str:
    import base64
    import re
    import zlib

    blobs = re.findall(r'<script type="application/x-conformance"[^>]*>([^<]*)</script>', page)
    assert len(blobs) >= 2
    return "".join(zlib.decompress(base64.b64decode(blob)).decode() for blob in blobs)


@pytest.mark.parametrize(
    "advice",
    [
        'headers = { authorization = "Bearer …" }',
        'query = { session_token = "…" }',
        'query = "token=VALUE&key=VALUE"',
        'headers = { Authorization = "Basic VALUE" }',
    ],
)
def test_the_blanks_of_the_suites_own_advice_stay_to_be_filled_in(advice: str) -> None:
    assert redact({"reason": advice}) == {"reason": advice}
    filled = advice.replace("…", "hunter2").replace("VALUE", "hunter2")
    assert "hunter2" not in redact({"reason": filled})["reason"]
