"""The invented cases: closes in both directions, walks through the states, routes, and what else can happen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sample_data import ROUTES, STATES, WAYS, requirements
from sample_trace import Recorder

from asgi_conformance.model import Attempt, Case, Finding, Layer, Result, ServerInfo, Trace, Verdict, worst

HOSTILE = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "'\"><svg onload=window.pwned=1>",
    "{{7*7}}{% raw %}",
    "[/bold]\x1b[31m\u202e\x00\ud800",
    "--><!--|`*_[x](javascript:window.pwned=1)",
)
CATALOGUE = requirements()


def finding(
    name: str, verdict: Verdict, layer: Layer, boundary: str, expected: str, observed: str, **more: str
) -> Finding:
    requirement = CATALOGUE[name]
    return Finding(name, requirement.level, requirement.binds, verdict, layer, boundary, expected, observed, **more)


def result(case: Case, server: str, findings: tuple[Finding, ...], trace: Trace, **more: Any) -> Result:
    verdict = more.pop("verdict", None) or worst(f.verdict for f in findings)
    layer = next((f.layer for f in findings if f.verdict in ("fail", "warn", "known")), None)
    attempts = (Attempt(verdict, findings, trace, 1000 + trace.observations[-1].t_us if trace.observations else 0),)
    attempts *= 2 if verdict in ("fail", "warn") else 1
    reproduce = f"pytest --target=app.main:app --case='{case.full_id}' --server={server}"
    return Result(case, f"conformance::{case.full_id}", server, verdict, layer, attempts, reproduce=reproduce, **more)


def client_close(server: ServerInfo, code: int, label: str, reason: str) -> Result:
    case = Case(
        "close.client.code",
        "The handler's WebSocketDisconnect carries the code and reason of the client's close frame.",
        "close",
        ("asgi.disconnect.code", "starlette.disconnect.code"),
        row=f"{code}-{label}",
        tags={"code": code, "direction": "client", "arrived": 1000 if code > 4000 else code},
    )
    record = Recorder(rewrite=1000 if code > 4000 else None)
    record.accepted()
    record.client_closes(code, reason)
    want = f"websocket.disconnect code={code} reason={reason!r}"
    framework = finding(
        "starlette.disconnect.code",
        Verdict.PASS,
        Layer.FRAMEWORK,
        "framework",
        f"WebSocketDisconnect({record.rewrite or code}, {reason!r})",
        f"WebSocketDisconnect({record.rewrite or code}, {reason!r})",
    )
    if code > 4000:
        breach = finding(
            "asgi.disconnect.code",
            Verdict.FAIL,
            Layer.MIDDLEWARE,
            "asgi:2",
            want,
            f"websocket.disconnect code=1000 reason={reason!r}",
            component="app.mw.CloseRewriter (app/mw.py:12)",
            message="The middleware changed the close code of the client.",
            fix="Pass websocket.disconnect on as it was received.",
        )
        return result(case, server.id, (breach, framework), record.trace())
    return result(
        case,
        server.id,
        (finding("asgi.disconnect.code", Verdict.PASS, Layer.SERVER, "outer", want, want), framework),
        record.trace(),
    )


def app_close(server: ServerInfo, code: int) -> Result:
    illegal = code in (1005, 1006, 1015) or code < 1000 or code > 4999
    arrived = None if illegal else code
    if server.id.endswith("wsproto") and code == 1006:
        arrived = 1006
    case = Case(
        "close.app.code",
        "The client reads the close code that the application sent.",
        "close",
        ("rfc6455.close.reserved",),
        row=str(code),
        tags={"code": code, "direction": "app", "arrived": arrived},
    )
    record = Recorder()
    record.accepted()
    record.app_closes(code, "done", arrived)
    verdict = Verdict.NOTE if illegal else Verdict.PASS
    if arrived == 1006:
        verdict = Verdict.KNOWN
    seen = f"close frame {arrived}" if arrived else "the connection ended without a close frame"
    judged = finding(
        "rfc6455.close.reserved",
        verdict,
        Layer.SERVER,
        "wire",
        "no close frame 1006" if illegal else f"close frame {code}",
        seen,
        component=f"uvicorn 0.54.0 ({server.ws})",
        deviation="wsproto-sends-1006" if arrived == 1006 else "",
    )
    return result(case, server.id, (judged,), record.trace())


def walks(server: ServerInfo) -> Iterator[Result]:
    names = [t["id"] for t in STATES["transitions"]]
    for place, transition in enumerate(STATES["transitions"]):
        if place % 9 == 8:
            continue
        case = Case(
            "state.walk",
            f"{transition['operation']} moves the pair as the table says, with {transition['environment']}.",
            "state",
            ("starlette.state.path",),
            row=str(place),
            tags={"transitions": [names[0], *names[max(1, place - 1) : place + 1]]},
        )
        record = Recorder()
        record.accepted()
        record.message(f"message {place}")
        record.client_closes(1000, "")
        pair = "({}, {})".format(*transition["to"])
        bad = place == 30
        judged = finding(
            "starlette.state.path",
            Verdict.FAIL if bad else Verdict.PASS,
            Layer.FRAMEWORK,
            "framework",
            f"(client_state, application_state) = {pair}",
            "(client_state, application_state) = (1, 1)" if bad else f"(client_state, application_state) = {pair}",
            component="starlette 1.10.0",
            message="The state did not follow the event." if bad else "",
        )
        came = result(case, server.id, (judged,), record.trace(), unstable=bad)
        if bad:
            held = judged._replace(verdict=Verdict.PASS, observed=judged.expected, message="")
            late = finding(
                "asgi.disconnect.once",
                Verdict.WARN,
                Layer.SERVER,
                "outer",
                "1 disconnect",
                "2 disconnects, in the first attempt",
            )
            first = replace(came.attempts[0], verdict=Verdict.WARN, findings=(held, late))
            came = replace(came, attempts=(first, *came.attempts[1:]))
        yield came


def route_cases(server: ServerInfo) -> Iterator[Result]:
    for route in ROUTES:
        handler = f"{route['file']}:{route['line']}"
        for way in WAYS:
            case = Case(
                "route.leave",
                f"The handler of {route['path']} copes with: {way}.",
                "route",
                ("suite.route.ends", "suite.route.escapes", "asgi.close.code"),
                row=f"{route['path'].strip('/').replace('/', '.')}-{way.replace(' ', '-')}",
                kind="route",
                tags={"route": route["path"], "way": way, "handler": handler},
            )
            record = Recorder(path=str(route["path"]))
            record.accepted()
            if way in ("text", "binary", "not JSON", "1 MiB"):
                record.message("hello" if way != "1 MiB" else '{"$": "text", "len": 1048576, "sha256": "30e1…"}')
            record.client_closes(1000 if way != "close 4001" else 4001, "bye")
            component = f"{route['handler']} ({handler})"
            if route["path"] == "/ws/admin":
                skipped = replace(
                    result(case, server.id, (), Trace(())), reason="The route denies without credentials (403)."
                )
                yield skipped
                continue
            found = finding(
                "suite.route.ends", Verdict.PASS, Layer.APPLICATION, "inner", "the handler ends", "the handler ended"
            )
            if route["path"] == "/ws/feed" and way in ("FIN", "RST", "half-close", "empty close"):
                found = finding(
                    "suite.route.ends",
                    Verdict.WARN,
                    Layer.APPLICATION,
                    "inner",
                    "the handler ends within 2 s of the disconnect",
                    "still running after 2 s, in asyncio.sleep",
                    component=component,
                    message="The handler goes on after its client has left.",
                    fix="Wait for receive() beside the feed, and stop when it raises.",
                )
            if route["path"].startswith("/ws/chat") and way in ("not JSON", "binary"):
                found = finding(
                    "asgi.close.code",
                    Verdict.FAIL,
                    Layer.APPLICATION,
                    "inner",
                    "close code in 1000-1003, 1007-1014 or 3000-4999",
                    "websocket.close code=500 reason='bad message'",
                    component=component,
                    message="The handler closes with 500, which is no close code.",
                    fix="Use 1003 or 1007, or a code of your own from 4000 on.",
                )
            yield result(case, server.id, (found,), record.trace())


def others(server: ServerInfo) -> Iterator[Result]:
    record = Recorder()
    record.accepted()
    record.note("wire", "sent.rst")
    record.receive({"type": "websocket.disconnect", "code": 1005, "reason": ""})
    record.ends()
    for row in ("fin", "rst", "half-close"):
        case = Case(
            "end.abnormal",
            "A connection that ends without a close frame is told as 1006.",
            "end",
            ("asgi.disconnect.abnormal", "asgi.disconnect.once"),
            row=row,
        )
        once = finding("asgi.disconnect.once", Verdict.PASS, Layer.SERVER, "outer", "1 disconnect", "1 disconnect")
        known = finding(
            "asgi.disconnect.abnormal",
            Verdict.KNOWN,
            Layer.SERVER,
            "outer",
            "websocket.disconnect code=1006",
            "websocket.disconnect code=1005 reason=''",
            component=f"uvicorn 0.54.0 ({server.ws})",
            deviation="uvicorn-1005-on-abnormal-end",
        )
        yield result(case, server.id, (known, once), record.trace())
    case = Case(
        "send.after-end", "Sending after the end raises an OSError.", "send", ("asgi.send.after-end",), row="after-rst"
    )
    warn = finding(
        "asgi.send.after-end",
        Verdict.WARN,
        Layer.SERVER,
        "outer",
        "OSError",
        "send returned 16 times",
        component=f"uvicorn 0.54.0 ({server.ws})",
        message="The server lets an application send to a client that has gone.",
    )
    yield result(case, server.id, (warn,), record.trace())
    case = Case(
        "shutdown.code", "A server that shuts down closes its connections.", "shutdown", ("rfc6455.close.echo",)
    )
    yield result(
        case,
        server.id,
        (),
        record.trace(),
        verdict=Verdict.ERROR,
        reason="The child process did not answer a barrier within 5 s.",
    )
    case = Case("tls.close", "A close over TLS ends the TLS session first.", "tls", ("rfc6455.close.echo",))
    yield result(case, server.id, (), Trace(()), verdict=Verdict.SKIP, reason="TLS is off; add --tls.")


def hostile_case(server: ServerInfo, place: int, text: str) -> Result:
    case = Case(
        f"hostile.{text}",
        text,
        text,
        ("asgi.disconnect.code",),
        row=str(place),
        kind="route",
        tags={
            "route": f"/{text}",
            "way": text,
            "handler": f"{text}:1",
            "code": 4000 + place,
            "direction": "client",
            "arrived": 1000,
        },
    )
    record = Recorder(path=f"/{text}")
    record.accepted()
    record.message(text)
    record.note("wire", "response", status=403, headers=[[text, text]], body=text)
    record.note(
        "app",
        "op",
        step=1,
        op=text,
        args={text: text},
        raised={"type": text, "mro": [text], "message": text},
        client_state=9,
        application_state=9,
    )
    record.note(text, text, **{"text": text})
    record.client_closes(4000, text)
    more = {"component": text, "message": text, "fix": text, "deviation": text}
    judged = (
        finding("asgi.disconnect.code", Verdict.FAIL, Layer.MIDDLEWARE, text, text, text + "!", **more),
        finding("asgi.disconnect.code", Verdict.KNOWN, Layer.SERVER, text, text, text, **more),
    )
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
