"""A realistic report made of invented results: for the tests of the formats, and to look at while working on them.

Run as a script it writes the report to the files that it is given: ``python tests/sample_report.py out.html out.json``.
``--cases=5000`` adds passing cases up to that number, ``--servers=2`` runs everything on two servers, ``--hostile``
fills every place that foreign text can reach with markup.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from asgi_conformance.model import (
    Attempt,
    Case,
    Component,
    Finding,
    Layer,
    Level,
    Observation,
    Requirement,
    Result,
    ServerInfo,
    Trace,
    Verdict,
    worst,
)
from asgi_conformance.report import build, write

HOSTILE = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "'\"><svg onload=window.pwned=1>",
    "{{7*7}}{% raw %}",
    "[/bold]\x1b[31m\u202e\x00\ud800",
    "--><!--|`*_[x](javascript:window.pwned=1)",
)
CODE_NAMES = {
    1000: "Normal Closure",
    1001: "Going Away",
    1002: "Protocol error",
    1003: "Unsupported Data",
    1005: "No Status Rcvd",
    1006: "Abnormal Closure",
    1007: "Invalid frame payload data",
    1008: "Policy Violation",
    1009: "Message Too Big",
    1010: "Mandatory Ext.",
    1011: "Internal Error",
    1012: "Service Restart",
    1013: "Try Again Later",
    1014: "Bad Gateway",
    1015: "TLS handshake",
}
SERVERS = (
    ServerInfo("uvicorn-websockets-sansio", "uvicorn", "0.54.0", "websockets-sansio 17.4", "h11 0.16", "asyncio", "2.4",
               ("websocket.http.response",)),
    ServerInfo("uvicorn-wsproto", "uvicorn", "0.54.0", "wsproto 1.3.2", "httptools 0.9", "uvloop", "2.4",
               ("websocket.http.response",)),
)  # fmt: skip
MIDDLEWARE = (
    Component("starlette.middleware.errors.ServerErrorMiddleware", Layer.FRAMEWORK, "starlette/middleware/errors.py", 138),
    Component("app.mw.CloseRewriter", Layer.MIDDLEWARE, "app/mw.py", 12),
    Component("app.auth.SessionMiddleware", Layer.MIDDLEWARE, "app/auth.py", 40),
    Component("starlette.middleware.exceptions.ExceptionMiddleware", Layer.FRAMEWORK, "starlette/middleware/exceptions.py", 22),
)
BOUNDARIES = ("outer", "asgi:1", "asgi:2", "asgi:3", "inner")
_ASGI = "ASGI WebSocket specification"


def requirements() -> dict[str, Requirement]:
    """A catalogue of some requirements of every source."""
    rows = (
        ("asgi.connect.first", "asgi", "Connect", Level.MUST, Layer.SERVER, "The first event that an application receives is websocket.connect.", f"{_ASGI}, Connect (receive event)"),
        ("asgi.accept.subprotocol", "asgi", "Accept", Level.SHOULD, Layer.SERVER, "A subprotocol that the application selects is named in the handshake response.", f"{_ASGI}, Accept (send event)"),
        ("asgi.disconnect.code", "asgi", "Disconnect", Level.MUST, Layer.MIDDLEWARE, "The disconnect event carries the code of the close frame that the client sent.", f"{_ASGI}, Disconnect (receive event)"),
        ("asgi.disconnect.once", "asgi", "Disconnect", Level.MUST, Layer.SERVER, "An application receives exactly one disconnect event.", f"{_ASGI}, Disconnect (receive event)"),
        ("asgi.disconnect.abnormal", "asgi", "Disconnect", Level.SHOULD, Layer.SERVER, "A connection that ends without a close frame is told as code 1006.", f"{_ASGI}, Disconnect (receive event)"),
        ("asgi.send.after-end", "asgi", "Send", Level.SHOULD, Layer.SERVER, "From version 2.4 on, sending after the connection has ended raises an OSError.", f"{_ASGI}, Send (send event)"),
        ("rfc6455.close.echo", "rfc6455", "5.5.1 Close", Level.MUST, Layer.SERVER, "A close frame is answered by a close frame, unless one was sent before.", "RFC 6455, section 5.5.1"),
        ("rfc6455.close.reserved", "rfc6455", "7.4.1 Defined Status Codes", Level.MUST, Layer.SERVER, "Codes 1005, 1006 and 1015 never stand in a close frame.", "RFC 6455, section 7.4.1"),
        ("rfc6455.utf8", "rfc6455", "8.1 Handling of Errors in UTF-8", Level.MUST, Layer.SERVER, "A text message that is not UTF-8 fails the connection.", "RFC 6455, section 8.1"),
        ("starlette.disconnect.code", "starlette", "WebSocket", Level.MUST, Layer.FRAMEWORK, "WebSocketDisconnect carries the code of the disconnect event.", "Starlette documentation, WebSockets"),
        ("starlette.state.path", "starlette", "WebSocketState", Level.MUST, Layer.FRAMEWORK, "client_state and application_state move as the class assigns them.", "Starlette source, WebSocket.receive and WebSocket.send"),
        ("suite.mw.transparent", "suite", "Middleware", Level.SHOULD, Layer.MIDDLEWARE, "What a middleware need not change it passes on as it was.", "Rule of the suite, Middleware"),
        ("suite.route.ends", "suite", "Routes", Level.SHOULD, Layer.APPLICATION, "A handler ends when its client has gone.", "Rule of the suite, Routes"),
        ("suite.route.escapes", "suite", "Routes", Level.SHOULD, Layer.APPLICATION, "No exception escapes from a handler because of what a client sent.", "Rule of the suite, Routes"),
        ("asgi.close.code", "asgi", "Close", Level.MUST, Layer.APPLICATION, "An application closes only with codes that may stand in a close frame.", f"{_ASGI}, Close (send event); RFC 6455, section 7.4"),
    )  # fmt: skip
    return {
        row[0]: Requirement(*row, fix="Catch WebSocketDisconnect around the receive loop and return.")
        if row[0] == "suite.route.ends"
        else Requirement(*row)
        for row in rows
    }


class Recorder:
    """Collects the observations of one invented exchange through all boundaries."""

    def __init__(self, path: str = "/__conformance__/probe/1", rewrite: int | None = None) -> None:
        self.seen: list[Observation] = []
        self.at = 0
        self.rewrite = rewrite
        self.path = path

    def note(self, boundary: str, kind: str, /, **data: Any) -> None:
        self.at += 37 + 13 * (len(self.seen) % 7)
        self.seen.append(Observation(self.at, boundary, kind, data))

    def enter(self) -> None:
        headers = [["host", "127.0.0.1:41234"], ["upgrade", "websocket"], ["connection", "Upgrade"],
                   ["sec-websocket-key", "kGY2mT6mB4mP6h0WcJ6n0A=="], ["sec-websocket-version", "13"]]  # fmt: skip
        self.note("wire", "connect")
        self.note("wire", "request", path=self.path, headers=headers)
        for boundary in BOUNDARIES:
            self.note(boundary, "enter", spec_version="2.4", extensions=["websocket.http.response"])

    def receive(self, event: Mapping[str, Any]) -> None:
        for boundary in BOUNDARIES:
            if boundary != "outer" and boundary != "asgi:1" and self.rewrite and "code" in event:
                event = {**event, "code": self.rewrite}
            self.note(boundary, "receive", event=dict(event))

    def send(self, event: Mapping[str, Any]) -> None:
        for boundary in reversed(BOUNDARIES):
            self.note(boundary, "send", event=dict(event))

    def accepted(self) -> None:
        self.note("client", "step", step=0, op="opens")
        self.enter()
        self.receive({"type": "websocket.connect"})
        self.note("framework", "state", object="websocket", attribute="client_state", old=0, new=1, step=1)
        self.send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        self.note("wire", "response", status=101, headers=[["upgrade", "websocket"], ["sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]], body="")
        self.note("inner", "sent")
        self.note("framework", "state", object="websocket", attribute="application_state", old=0, new=1, step=1)
        self.note("app", "op", step=1, op="accept", args={}, returned=None, client_state=1, application_state=1)

    def client_closes(self, code: int, reason: str) -> None:
        self.note("client", "step", step=2, op="closes")
        self.note("wire", "sent", opcode="close", fin=True, payload={"$": "bytes", "hex": code.to_bytes(2).hex() + reason.encode("utf-8", "surrogatepass").hex()}, code=code, reason=reason)
        self.note("wire", "received", opcode="close", fin=True, payload={"$": "bytes", "hex": code.to_bytes(2).hex()}, code=code, reason="")
        self.receive({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.note("framework", "state", object="websocket", attribute="client_state", old=1, new=2, step=3)
        exc = {"type": "starlette.websockets.WebSocketDisconnect", "mro": ["WebSocketDisconnect", "Exception"], "message": f"({self.rewrite or code}, {reason!r})", "code": self.rewrite or code, "reason": reason}
        self.note("framework", "raised", exc=exc, caller="_raise_on_disconnect")
        self.note("app", "op", step=3, op="receive_text", args={}, raised=exc, client_state=2, application_state=1)
        self.ends()

    def app_closes(self, code: int, reason: str, arrived: int | None) -> None:
        self.send({"type": "websocket.close", "code": code, "reason": reason})
        self.note("framework", "state", object="websocket", attribute="application_state", old=1, new=2, step=3)
        if arrived is None:
            self.note("wire", "received.eof")
        else:
            self.note("wire", "received", opcode="close", fin=True, payload={"$": "bytes", "hex": ""}, code=arrived, reason=reason)
        self.note("app", "op", step=3, op="close", args={"code": code, "reason": reason}, returned=None, client_state=1, application_state=2)
        self.ends()

    def message(self, text: str) -> None:
        self.note("wire", "sent", opcode="text", fin=True, payload=text)
        self.receive({"type": "websocket.receive", "text": text})
        self.note("app", "op", step=2, op="receive_text", args={}, returned=text, client_state=1, application_state=1)
        self.send({"type": "websocket.send", "text": text})
        self.note("wire", "received", opcode="text", fin=True, payload=text)

    def ends(self) -> None:
        self.note("app", "exit")
        for boundary in reversed(BOUNDARIES):
            self.note(boundary, "exit", outcome="returned")
        self.note("wire", "received.eof")

    def trace(self) -> Trace:
        return Trace(tuple(self.seen))


def finding(name: str, verdict: Verdict, layer: Layer, boundary: str, expected: str, observed: str, **more: str) -> Finding:
    requirement = requirements()[name]
    return Finding(name, requirement.level, requirement.binds, verdict, layer, boundary, expected, observed, **more)


def result(case: Case, server: str, findings: tuple[Finding, ...], trace: Trace, **more: Any) -> Result:
    verdict = more.pop("verdict", None) or worst(f.verdict for f in findings)
    layer = next((f.layer for f in findings if f.verdict in ("fail", "warn", "known")), None)
    attempts = (Attempt(verdict, findings, trace, 1000 + trace.observations[-1].t_us if trace.observations else 0),)
    attempts *= 2 if verdict in ("fail", "warn") else 1
    reproduce = f"pytest --target=app.main:app --case='{case.full_id}' --server={server}"
    return Result(case, f"conformance::{case.full_id}", server, verdict, layer, attempts, reproduce=reproduce, **more)


def client_close(server: ServerInfo, code: int, label: str, reason: str) -> Result:
    case = Case("close.client.code", "The handler's WebSocketDisconnect carries the code and reason of the client's close frame.",
                "close", ("asgi.disconnect.code", "starlette.disconnect.code"), row=f"{code}-{label}",
                tags={"code": code, "direction": "client", "arrived": 1000 if code > 4000 else code})  # fmt: skip
    record = Recorder(rewrite=1000 if code > 4000 else None)
    record.accepted()
    record.client_closes(code, reason)
    want = f"websocket.disconnect code={code} reason={reason!r}"
    framework = finding("starlette.disconnect.code", Verdict.PASS, Layer.FRAMEWORK, "framework",
                        f"WebSocketDisconnect({record.rewrite or code}, {reason!r})", f"WebSocketDisconnect({record.rewrite or code}, {reason!r})")  # fmt: skip
    if code > 4000:
        breach = finding("asgi.disconnect.code", Verdict.FAIL, Layer.MIDDLEWARE, "asgi:2", want,
                         f"websocket.disconnect code=1000 reason={reason!r}", component="app.mw.CloseRewriter (app/mw.py:12)",
                         message="The middleware changed the close code of the client.",
                         fix="Pass websocket.disconnect on as it was received.")  # fmt: skip
        return result(case, server.id, (breach, framework), record.trace())
    return result(case, server.id, (finding("asgi.disconnect.code", Verdict.PASS, Layer.SERVER, "outer", want, want), framework), record.trace())


def app_close(server: ServerInfo, code: int) -> Result:
    illegal = code in (1005, 1006, 1015) or code < 1000 or code > 4999
    arrived = None if illegal else code
    if server.id.endswith("wsproto") and code == 1006:
        arrived = 1006
    case = Case("close.app.code", "The client reads the close code that the application sent.", "close",
                ("rfc6455.close.reserved",), row=str(code), tags={"code": code, "direction": "app", "arrived": arrived})  # fmt: skip
    record = Recorder()
    record.accepted()
    record.app_closes(code, "done", arrived)
    verdict = Verdict.NOTE if illegal else Verdict.PASS
    if arrived == 1006:
        verdict = Verdict.KNOWN
    seen = f"close frame {arrived}" if arrived else "the connection ended without a close frame"
    judged = finding("rfc6455.close.reserved", verdict, Layer.SERVER, "wire", "no close frame 1006" if illegal else f"close frame {code}", seen,
                     component=f"uvicorn 0.54.0 ({server.ws})", deviation="wsproto-sends-1006" if arrived == 1006 else "")  # fmt: skip
    return result(case, server.id, (judged,), record.trace())


STATES: dict[str, Any] = {
    "pairs": [[0, 0], [1, 0], [1, 1], [2, 1], [1, 2], [2, 2], [2, 0], [1, 3]],
    "transitions": [
        {"id": f"{operation}:{environment}:{a[0]}{a[1]}-{b[0]}{b[1]}", "from": a, "to": b, "operation": operation, "environment": environment}
        for a, b, operations, environment in (
            ([0, 0], [1, 0], ("receive", "accept"), "client present"),
            ([0, 0], [0, 0], ("receive_text", "receive_bytes", "receive_json", "send_text"), "client present"),
            ([1, 0], [1, 1], ("accept", "send(websocket.accept)"), "client present"),
            ([1, 0], [1, 0], ("receive_text", "receive_json", "iter_text", "send_text", "send_bytes"), "client present"),
            ([1, 0], [1, 2], ("close",), "client present"),
            ([1, 0], [1, 3], ("send_denial_response",), "denial offered"),
            ([1, 3], [1, 2], ("send(websocket.http.response.body)",), "denial offered"),
            ([1, 0], [2, 0], ("receive",), "client closed"),
            ([2, 0], [2, 1], ("accept",), "client closed"),
            ([1, 1], [1, 1], ("receive_text", "receive_bytes", "receive_json", "iter_text", "send_text", "send_bytes", "send_json"), "message waiting"),
            ([1, 1], [2, 1], ("receive", "receive_text", "receive_bytes", "receive_json", "iter_text", "iter_bytes", "iter_json"), "client closed"),
            ([1, 1], [1, 2], ("close", "send_text"), "client lost"),
            ([2, 1], [2, 2], ("close", "send_text", "send_bytes"), "client closed"),
            ([2, 1], [2, 1], ("receive", "receive_text"), "client closed"),
            ([1, 2], [2, 2], ("receive",), "client closed"),
            ([1, 2], [1, 2], ("send_text", "close", "send_json"), "client present"),
            ([2, 2], [2, 2], ("receive", "close"), "client closed"),
        )
        for operation in operations
    ],
}  # fmt: skip


def walks(server: ServerInfo) -> Iterator[Result]:
    names = [t["id"] for t in STATES["transitions"]]
    for place, transition in enumerate(STATES["transitions"]):
        if place % 9 == 8:
            continue
        case = Case("state.walk", f"{transition['operation']} moves the pair as the table says, with {transition['environment']}.",
                    "state", ("starlette.state.path",), row=str(place), tags={"transitions": [names[0], *names[max(1, place - 1) : place + 1]]})  # fmt: skip
        record = Recorder()
        record.accepted()
        record.message(f"message {place}")
        record.client_closes(1000, "")
        pair = "({}, {})".format(*transition["to"])
        bad = place == 30
        judged = finding("starlette.state.path", Verdict.FAIL if bad else Verdict.PASS, Layer.FRAMEWORK, "framework", f"(client_state, application_state) = {pair}",
                         "(client_state, application_state) = (1, 1)" if bad else f"(client_state, application_state) = {pair}", component="starlette 1.10.0",
                         message="The state did not follow the event." if bad else "")  # fmt: skip
        yield result(case, server.id, (judged,), record.trace(), unstable=bad)


ROUTES = (
    {"path": "/ws/chat/{room}", "handler": "app.chat.room", "file": "app/chat.py", "line": 31},
    {"path": "/ws/echo", "handler": "app.echo.echo", "file": "app/echo.py", "line": 8},
    {"path": "/ws/feed", "handler": "app.feed.feed", "file": "app/feed.py", "line": 19},
    {"path": "/ws/admin", "handler": "app.admin.console", "file": "app/admin.py", "line": 54, "reason": "It denies without credentials. Add headers to [tool.asgi-conformance]."},
)  # fmt: skip
WAYS = ("close 1000", "close 4001", "empty close", "FIN", "RST", "half-close", "text", "binary", "not JSON", "1 MiB")


def route_cases(server: ServerInfo) -> Iterator[Result]:
    for route in ROUTES:
        handler = f"{route['file']}:{route['line']}"
        for way in WAYS:
            case = Case("route.leave", f"The handler of {route['path']} copes with: {way}.", "route", ("suite.route.ends", "suite.route.escapes", "asgi.close.code"),
                        row=f"{route['path'].strip('/').replace('/', '.')}-{way.replace(' ', '-')}", kind="route", tags={"route": route["path"], "way": way, "handler": handler})  # fmt: skip
            record = Recorder(path=str(route["path"]))
            record.accepted()
            if way in ("text", "binary", "not JSON", "1 MiB"):
                record.message("hello" if way != "1 MiB" else '{"$": "text", "len": 1048576, "sha256": "30e1…"}')
            record.client_closes(1000 if way != "close 4001" else 4001, "bye")
            component = f"{route['handler']} ({handler})"
            if route["path"] == "/ws/admin":
                skipped = replace(result(case, server.id, (), Trace(())), reason="The route denies without credentials (403).")
                yield skipped
                continue
            found = finding("suite.route.ends", Verdict.PASS, Layer.APPLICATION, "inner", "the handler ends", "the handler ended")
            if route["path"] == "/ws/feed" and way in ("FIN", "RST", "half-close", "empty close"):
                found = finding("suite.route.ends", Verdict.WARN, Layer.APPLICATION, "inner", "the handler ends within 2 s of the disconnect", "still running after 2 s, in asyncio.sleep",
                                component=component, message="The handler goes on after its client has left.", fix="Wait for receive() beside the feed, and stop when it raises.")  # fmt: skip
            if route["path"].startswith("/ws/chat") and way in ("not JSON", "binary"):
                found = finding("asgi.close.code", Verdict.FAIL, Layer.APPLICATION, "inner", "close code in 1000–1003, 1007–1014 or 3000–4999", "websocket.close code=500 reason='bad message'",
                                component=component, message="The handler closes with 500, which is no close code.", fix="Use 1003 or 1007, or a code of your own from 4000 on.")  # fmt: skip
            yield result(case, server.id, (found,), record.trace())


def others(server: ServerInfo) -> Iterator[Result]:
    record = Recorder()
    record.accepted()
    record.note("wire", "sent.rst")
    record.receive({"type": "websocket.disconnect", "code": 1005, "reason": ""})
    record.ends()
    for row in ("fin", "rst", "half-close"):
        case = Case("end.abnormal", "A connection that ends without a close frame is told as 1006.", "end", ("asgi.disconnect.abnormal", "asgi.disconnect.once"), row=row)
        once = finding("asgi.disconnect.once", Verdict.PASS, Layer.SERVER, "outer", "1 disconnect", "1 disconnect")
        known = finding("asgi.disconnect.abnormal", Verdict.KNOWN, Layer.SERVER, "outer", "websocket.disconnect code=1006", "websocket.disconnect code=1005 reason=''",
                        component=f"uvicorn 0.54.0 ({server.ws})", deviation="uvicorn-1005-on-abnormal-end")  # fmt: skip
        yield result(case, server.id, (known, once), record.trace())
    case = Case("send.after-end", "Sending after the end raises an OSError.", "send", ("asgi.send.after-end",), row="after-rst")
    warn = finding("asgi.send.after-end", Verdict.WARN, Layer.SERVER, "outer", "OSError", "send returned 16 times", component=f"uvicorn 0.54.0 ({server.ws})",
                   message="The server lets an application send to a client that has gone.")  # fmt: skip
    yield result(case, server.id, (warn,), record.trace())
    case = Case("shutdown.code", "A server that shuts down closes its connections.", "shutdown", ("rfc6455.close.echo",))
    yield result(case, server.id, (), record.trace(), verdict=Verdict.ERROR, reason="The child process did not answer a barrier within 5 s.")
    case = Case("tls.close", "A close over TLS ends the TLS session first.", "tls", ("rfc6455.close.echo",))
    yield result(case, server.id, (), Trace(()), verdict=Verdict.SKIP, reason="TLS is off; add --tls.")


def hostile_case(server: ServerInfo, place: int, text: str) -> Result:
    case = Case(f"hostile.{text}", text, text, ("asgi.disconnect.code",), row=str(place), kind="route",
                tags={"route": f"/{text}", "way": text, "handler": f"{text}:1", "code": 4000 + place, "direction": "client", "arrived": 1000})  # fmt: skip
    record = Recorder(path=f"/{text}")
    record.accepted()
    record.message(text)
    record.note("wire", "response", status=403, headers=[[text, text]], body=text)
    record.note("app", "op", step=1, op=text, args={text: text}, raised={"type": text, "mro": [text], "message": text}, client_state=9, application_state=9)
    record.note(text, text, **{"text": text})
    record.client_closes(4000, text)
    more = {"component": text, "message": text, "fix": text, "deviation": text}
    judged = (finding("asgi.disconnect.code", Verdict.FAIL, Layer.MIDDLEWARE, text, text, text + "!", **more),
              finding("asgi.disconnect.code", Verdict.KNOWN, Layer.SERVER, text, text, text, **more))  # fmt: skip
    return replace(result(case, server.id, judged, record.trace()), reason=text, reproduce=text)


def results(servers: tuple[ServerInfo, ...], cases: int, hostile: bool) -> list[Result]:
    found: list[Result] = []
    for server in servers:
        for code in (0, 999, *range(1000, 1016), 1016, 2999, 3000, 3001, 3999, 4000, 4001, 4321, 4999, 5000, 65535):
            if code not in (1004, 1005, 1006, 1015) and 1000 <= code <= 4999 and not 1016 <= code <= 2999:
                found += [client_close(server, code, "bye", "bye"), client_close(server, code, "non-ascii", "Grüße ✓")]
            if code < 5000:
                found.append(app_close(server, code))
        found += [*walks(server), *route_cases(server), *others(server)]
        if hostile:
            found += [hostile_case(server, place, text) for place, text in enumerate(HOSTILE)]
        fill = max(0, cases // len(servers) - len(found) * (1 if server is servers[0] else 0))
        for number in range(fill):
            passing = client_close(server, 3000 + number % 1000, f"r{number}", f"reason {number}")
            if passing.verdict is Verdict.PASS:
                found.append(passing)
    return found[: max(cases, 0) or None] if cases else found


def sample(*, servers: int = 1, cases: int = 0, hostile: bool = False, **more: Any) -> dict[str, Any]:
    """A report as `build` makes it; ``more`` goes to `build` in place of what the sample would give."""
    used = SERVERS[:servers]
    found = results(used, cases, hostile)
    text = HOSTILE[0] if hostile else ""
    given: dict[str, Any] = {
        "suite": {"name": "asgi-conformance", "version": "1.0.0"},
        "target": {"name": f"app.main:app{text}", "framework": {"name": "Starlette", "version": "1.10.0"}},
        "servers": used,
        "environment": {"python": "3.11.7", "platform": f"Linux-6.1-x86_64{text}"},
        "results": found,
        "coverage": {
            "requirements": {"total": 15, "covered": 12, "missing": ["asgi.connect.first", "rfc6455.utf8", "suite.mw.transparent"]},
            "transitions": {"total": 52, "covered": 47, "missing": []},
            "transition_pairs": {"total": 311, "covered": 298, "missing": []},
            "simple_paths": {"total": 96, "covered": 96, "missing": []},
            "routes": {"total": 4, "covered": 3, "missing": ["/ws/admin"]},
            "close_codes": {"total": 27, "covered": 27, "missing": []},
        },
        "duration_s": 12.345,
        "partial_reasons": ("The route /ws/admin denies without credentials: 10 cases were skipped. Add headers to [tool.asgi-conformance].",),
        "deviations": (
            {"id": "uvicorn-1005-on-abnormal-end", "title": "uvicorn tells 1005 where a connection ends without a close frame", "occurs": "always", "url": "https://github.com/encode/uvicorn/pull/1753"},
            {"id": "wsproto-sends-1006", "title": "uvicorn with wsproto puts 1006 on the wire", "occurs": "sometimes"},
        ),
        "routes": ROUTES,
        "requirements": requirements(),
        "states": STATES,
        "close_codes": CODE_NAMES,
        "middleware": MIDDLEWARE,
        "command": "pytest --target=app.main:app --report=report.html",
        "started": "2026-11-23T09:30:00+00:00",
    }  # fmt: skip
    if hostile:
        given["partial_reasons"] = HOSTILE
        given["deviations"] = [{"id": text, "title": text, "url": "javascript:window.pwned=1"} for text in HOSTILE]
        given["error"] = {"phase": HOSTILE[0], "message": HOSTILE[2]}
        given["baseline"] = {"file": HOSTILE[1], "stale": list(HOSTILE)}
    return build(**{**given, **more})


def main() -> None:
    """Writes the sample to the files named on the command line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--servers", type=int, default=1, choices=(1, 2))
    parser.add_argument("--hostile", action="store_true")
    given = parser.parse_args()
    report = sample(servers=given.servers, cases=given.cases, hostile=given.hostile)
    for path in given.files:
        write(report, path)


if __name__ == "__main__":
    main()
