"""Who answered instead of the probe, and what to write into the settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance import cases
from asgi_conformance.model import Layer, Observation, Trace, Verdict
from asgi_conformance.preflight import WITNESSES, answer_of, refusal
from asgi_conformance.run import Plan, Run
from asgi_conformance.settings import Settings, parse

STARLETTE = {"name": "starlette", "version": "1"}


def trace(
    status: int | None = 403,
    who: str = "app.Guard",
    headers: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> Trace:
    below = {"name": who, "layer": "middleware", "file": "/app.py", "line": 7, "settings": settings or {}}
    places = {"outer": {"name": "app.First"}, "asgi:2": below, "asgi:1": {"name": "app.Second"}}
    seen = [Observation(1, boundary, "enter", {"below": record}) for boundary, record in places.items()]
    if status is not None:
        pairs = [[name, value] for name, value in (headers or {}).items()]
        seen.append(Observation(4, "wire", "response", {"status": status, "headers": pairs, "body": None}))
    for name, (boundary, kind) in {"refused": ("framework", "refused"), "exit": ("outer", "exit")}.items():
        if name in more:
            seen.append(Observation(5, boundary, kind, more[name]))
    if "seconds" in more:
        seen.append(Observation(6, "client", "deadline", {"wait": "response", "seconds": more["seconds"]}))
    return Trace(tuple(seen))


def lines(text: str) -> list[str]:
    """The settings that a message says to add."""
    added = text.partition("Add to pyproject.toml:\n")[2].partition("\nor,")[0]
    return [line.strip() for line in added.splitlines()][1:]


def test_nothing_is_said_where_the_probe_was_reached() -> None:
    assert refusal(Trace((Observation(1, "app", "op", {"op": "accept"}),)), STARLETTE, Settings()) == ""


def test_the_innermost_that_was_called_answered() -> None:
    assert answer_of(trace()).who["name"] == "app.Guard"
    assert "app.Guard (/app.py:7) answered HTTP 403" in refusal(trace(), STARLETTE, Settings())


def test_who_holds_the_connect_event_up_is_named() -> None:
    waiting = trace(None, seconds=5.0)
    event = {"event": {"type": "websocket.connect"}}
    given = [Observation(2, place, "receive", event) for place in ("outer", "asgi:1")]
    held = Trace((*waiting.observations, *given))
    assert "app.Second did not answer within 5 s" in refusal(held, STARLETTE, Settings())
    passed = Trace((*held.observations, Observation(3, "asgi:2", "receive", event)))
    assert "app.Guard (/app.py:7) did not answer within 5 s" in refusal(passed, STARLETTE, Settings())


def test_an_operation_that_ended_because_the_client_had_gone_did_not_reach_the_client() -> None:
    ended = Observation(7, "app", "op", {"op": "accept", "raised": {"type": "builtins.RuntimeError"}})
    told = refusal(Trace((*trace(None, seconds=5.0).observations, ended)), STARLETTE, Settings())
    assert "did not answer within 5 s" in told
    assert all(id in told for id in WITNESSES)
    assert not any(id in refusal(trace(), STARLETTE, Settings()) for id in WITNESSES)


def test_who_keeps_the_accept_is_named() -> None:
    event = {"event": {"type": "websocket.accept"}}
    above = {"component": {"name": "app.Second", "file": "/app.py", "line": 3}, "below": {"name": "app.Guard"}}
    entered = Observation(2, "asgi:3", "enter", above)
    given = [Observation(3, "inner", "receive", event)]
    kept = [Observation(4, place, "send", event) for place in ("inner", "asgi:3")]
    told = refusal(Trace((*trace(None, seconds=5.0).observations, entered, *given, *kept)), STARLETTE, Settings())
    assert told.startswith("The probe was called and accepted, but app.Second (/app.py:3) did not pass the accept on")


def test_an_accept_that_asks_for_nothing_is_the_frameworks() -> None:
    state = Observation(3, "framework", "state", {"attribute": "client_state", "old": None, "new": 0})
    silent = trace(None, seconds=5.0)
    told = refusal(Trace((*silent.observations, state)), STARLETTE, Settings())
    assert told.startswith("The probe was called, but accept() of starlette 1 did not end within 5 s")
    last = silent.observations[-1]
    asking = Observation(6, "client", "deadline", {**last.data, "app": {"waiting": {"inner.receive": "receive"}}})
    told = refusal(Trace((*silent.observations[:-1], state, asking)), STARLETTE, Settings())
    assert "app.Guard (/app.py:7) did not answer within 5 s" in told


def test_an_accept_that_does_not_end_is_laid_on_nobody_outside() -> None:
    event = {"event": {"type": "websocket.connect"}}
    given = [Observation(2, place, "receive", event) for place in ("outer", "asgi:1", "asgi:2", "inner")]
    told = refusal(Trace((*trace(None, seconds=5.0).observations, *given)), STARLETTE, Settings())
    assert told.startswith("The probe was called and starlette 1 was given the connect event, but accept() did not end")
    assert "app.Guard" not in told
    assert INSIDE not in told


MISSING = {"exc": {"type": "fastapi.exceptions.WebSocketRequestValidationError", "message": ""}, "at": "x.py:1"}
INSIDE = 'probe = "inside"'
HOSTS = "starlette.middleware.trustedhost.TrustedHostMiddleware"


@pytest.mark.parametrize(
    ("answered", "wanted"),
    [
        (trace(400, HOSTS, settings={"allowed_hosts": ["*.b.org", "a.org"]}), 'headers = { Host = "a.org" }'),
        (trace(400, HOSTS, settings={"allowed_hosts": ["*.b.org"]}), 'headers = { Host = "www.b.org" }'),
        (trace(400, HOSTS), 'headers = { Host = "HOST" }'),
        (trace(307, "x.HTTPSRedirectMiddleware"), 'scheme = "https"'),
        (trace(308, "app.Own", {"Location": "wss://a/b"}), 'scheme = "https"'),
        (trace(401), 'headers = { Authorization = "Bearer VALUE" }'),
        (trace(401, headers={"WWW-Authenticate": 'Basic realm="x"'}), 'headers = { Authorization = "Basic VALUE" }'),
        (trace(403, "app.JWTAuthentication"), 'headers = { Authorization = "Bearer VALUE" }'),
        (trace(403, "app.OriginCheck"), 'origin = "https://HOST"'),
        (trace(403, "app.OriginCheck", settings={"allowed_origins": ["*", "https://a.org"]}), 'origin = "https://a.org"'),
        (trace(403, "app.SessionRequired"), 'cookies = { "session" = "VALUE" }'),
        (trace(429), INSIDE),
        (trace(403, "app.RateLimitMiddleware"), INSIDE),
        (trace(403, "app.Unheard"), INSIDE),
        (trace(101, "app.Unheard"), INSIDE),
        (trace(403, refused={**MISSING, "missing": [["query", "a"], ["query", "b"]]}), 'query = "a=VALUE&b=VALUE"'),
        (trace(403, refused={**MISSING, "missing": [["header", "x-token"]]}), 'headers = { "x-token" = "VALUE" }'),
        (trace(403, refused={**MISSING, "missing": [["cookie", "sid"]]}), 'cookies = { "sid" = "VALUE" }'),
    ],
)
def test_the_advice_is_a_valid_setting_chosen_by_what_answered(answered: Trace, wanted: str) -> None:
    text = refusal(answered, STARLETTE, Settings())
    assert lines(text) == [wanted]
    parse(tomllib.loads(wanted))
    assert (f"leaves the middleware out:\n    {INSIDE}" in text) == (wanted != INSIDE)


def test_the_reason_of_a_refusal_is_told() -> None:
    exc = {"type": "starlette.exceptions.HTTPException", "message": "401"}
    raised = trace(401, refused={"exc": exc, "at": "a/deps.py:9", "detail": "who?"})
    assert "because HTTPException was raised at a/deps.py:9 (who?)" in refusal(raised, STARLETTE, Settings())
    missing = trace(403, refused={**MISSING, "missing": [["query", "token"]]})
    assert "a dependency demands the query parameter 'token'" in refusal(missing, STARLETTE, Settings())


def test_an_exception_and_a_silence_are_told() -> None:
    exc = {"type": "builtins.KeyError", "message": "'x'", "at": "app.py:3"}
    text = refusal(trace(500, exit={"outcome": "raised", "exc": exc}), STARLETTE, Settings())
    assert "raised KeyError: 'x' (at app.py:3)" in text
    assert "Add to pyproject.toml" not in text
    assert "did not answer within 5 s" in refusal(trace(None, seconds=5.0), STARLETTE, Settings())
    assert "answered nothing and ended" in refusal(trace(None), STARLETTE, Settings())


def test_an_application_of_its_own_is_asked_for_its_routes() -> None:
    record = {"name": "lib.GraphQL", "layer": "middleware", "file": "/lib.py", "line": 7}
    response = Observation(4, "wire", "response", {"status": 101, "headers": [], "body": None})
    text = refusal(Trace((Observation(1, "outer", "enter", {"below": record}), response)), STARLETTE, Settings())
    assert "lib.GraphQL (/lib.py:7) accepted the connection itself" in text
    assert '[tool.asgi-conformance.route."/path"]' in text
    assert INSIDE not in text


def test_inside_that_fails_is_not_advised_again() -> None:
    text = refusal(trace(), STARLETTE, Settings(probe="inside"))
    assert "do not show the way" in text
    assert "Add to pyproject.toml" not in text


TARGET = """
import asyncio
from contextlib import asynccontextmanager
from fastapi import Depends, FastAPI, Header
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

class Origins:
    allowed_origins = ()
    def __init__(self, app):
        self.app, self.allowed_origins = app, ["https://a.example"]
    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket" and (b"origin", b"https://a.example") not in scope["headers"]:
            await PlainTextResponse("no", 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

def token(token: str, x_key: str = Header()):
    return token

needing = FastAPI(dependencies=[Depends(token)])
origins = Origins(Starlette())

class Raising(Origins):
    async def __call__(self, scope, receive, send):
        raise LookupError("nothing here")

raising = Raising(Starlette())

class Silent(Origins):
    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await asyncio.get_running_loop().create_future()
        await self.app(scope, receive, send)

silent = Silent(Starlette())

@asynccontextmanager
async def lifespan(app):
    yield {"db": "there"}

class NeedsState(Origins):
    async def __call__(self, scope, receive, send):
        assert scope["type"] != "websocket" or scope["state"]["db"] == "there"
        await self.app(scope, receive, send)

stateful = Starlette(lifespan=lifespan, middleware=[Middleware(NeedsState)])

async def importing(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    import importing_later
    await importing_later.app(scope, receive, send)
"""


def reached(folder: Path, target: str, settings: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    (folder / "preflighted.py").write_text(TARGET)
    run = Run(Plan(f"preflighted:{target}", str(folder), settings=parse(settings)))
    try:
        run.ready()
        return run.refused, run.framework
    finally:
        run.stop()


def test_the_lines_let_the_probe_pass_a_dependency(tmp_path: Path) -> None:
    text, _ = reached(tmp_path, "needing", {})
    assert lines(text) == ['query = "token=VALUE"', 'headers = { "x-key" = "VALUE" }']
    assert reached(tmp_path, "needing", tomllib.loads("\n".join(lines(text))))[0] == ""


def test_the_lines_let_the_probe_pass_a_wrapper_that_checks_origins(tmp_path: Path) -> None:
    text, _ = reached(tmp_path, "origins", {})
    assert "preflighted.Origins" in text
    assert lines(text) == ['origin = "https://a.example"']
    assert reached(tmp_path, "origins", tomllib.loads("\n".join(lines(text))))[0] == ""


def test_a_target_that_raises_is_no_matter_of_settings(tmp_path: Path) -> None:
    text, _ = reached(tmp_path, "raising", {})
    assert "raised LookupError: nothing here (at " in text
    assert "preflighted.py:27" in text


def test_who_never_answers_is_blamed_by_the_cases_that_tell(tmp_path: Path) -> None:
    (tmp_path / "preflighted.py").write_text(TARGET)
    run = Run(Plan("preflighted:silent", str(tmp_path), settings=Settings(deadline=1.0)))
    try:
        run.ready()
        results = run.results([case for case in cases.load() if case.id in ("handshake.accept", "messages.echo")])
    finally:
        run.stop()
    judged, skipped = results[0], results[1:]
    # How long an answer may take no document says: it is a rule of our own that nobody holds a connection up.
    assert (judged.verdict, judged.layer) == (Verdict.WARN, Layer.MIDDLEWARE)
    assert ["preflighted.Silent" in f.component for f in judged.findings if f.verdict is Verdict.WARN] == [True]
    assert {result.verdict for result in skipped} == {Verdict.SKIP}
    assert {result.reason for result in skipped} == {run.refused}
    received = [o.data["event"]["type"] for o in judged.trace.at("outer", "receive")]
    assert received == ["websocket.connect"], "what was given up is told of nothing more"


def test_the_state_of_the_lifespan_reaches_the_connection(tmp_path: Path) -> None:
    assert reached(tmp_path, "stateful", {})[0] == ""


def test_a_framework_that_is_imported_by_the_first_connection_is_found(tmp_path: Path) -> None:
    (tmp_path / "importing_later.py").write_text("from starlette.applications import Starlette\napp = Starlette()\n")
    source = TARGET[TARGET.index("async def importing") :]
    (tmp_path / "later.py").write_text(source)
    run = Run(Plan("later:importing", str(tmp_path)))
    try:
        run.ready()
        assert run.refused == ""
        assert run.framework["name"] == "starlette"
    finally:
        run.stop()


@pytest.mark.parametrize(("profile", "missed"), [("app", True), ("all", True), ("server", False), ("framework", False)])
def test_routes_that_nothing_shows_are_missed_only_where_they_are_asked_for(profile: str, missed: bool) -> None:
    """A target of no known framework: its server can be judged whole, so a profile without routes is not partial."""
    text = refusal(Trace(()), {}, Settings(profile=profile))
    assert ("Name each of them in pyproject.toml" in text) is missed
