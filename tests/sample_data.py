"""What the invented report is made of: requirements, servers, middleware, states and routes."""

from __future__ import annotations

from typing import Any

from asgi_conformance.model import Component, Layer, Level, Requirement, ServerInfo

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
SERVERS = tuple(
    ServerInfo(f"uvicorn-{ws.split()[0]}", "uvicorn", "0.54.0", ws, http, loop, "2.4", ("websocket.http.response",))
    for ws, http, loop in (
        ("websockets-sansio 17.4", "h11 0.16", "asyncio"),
        ("wsproto 1.3.2", "httptools 0.9", "uvloop"),
    )
)
MIDDLEWARE = (
    Component(
        "starlette.middleware.errors.ServerErrorMiddleware", Layer.FRAMEWORK, "starlette/middleware/errors.py", 138
    ),
    Component("app.mw.CloseRewriter", Layer.MIDDLEWARE, "app/mw.py", 12),
    Component("app.auth.SessionMiddleware", Layer.MIDDLEWARE, "app/auth.py", 40),
    Component(
        "starlette.middleware.exceptions.ExceptionMiddleware", Layer.FRAMEWORK, "starlette/middleware/exceptions.py", 22
    ),
)
BOUNDARIES = ("outer", "asgi:1", "asgi:2", "asgi:3", "inner")

_REQUIREMENTS = """\
asgi.connect.first|asgi|Connect|MUST|server|The first event that an application receives is \
websocket.connect.|{asgi}, Connect (receive event)
asgi.disconnect.code|asgi|Disconnect|MUST|middleware|The disconnect event carries the code of the close frame \
that the client sent.|{asgi}, Disconnect (receive event)
asgi.disconnect.once|asgi|Disconnect|MUST|server|An application receives exactly one disconnect event.|{asgi}, \
Disconnect (receive event)
asgi.disconnect.abnormal|asgi|Disconnect|SHOULD|server|A connection that ends without a close frame is told as \
code 1006.|{asgi}, Disconnect (receive event)
asgi.send.after-end|asgi|Send|SHOULD|server|From version 2.4 on, sending after the connection has ended raises \
an OSError.|{asgi}, Send (send event)
asgi.close.code|asgi|Close|MUST|application|An application closes only with codes that may stand in a close \
frame.|{asgi}, Close (send event)
rfc6455.close.echo|rfc6455|5.5.1|MUST|server|A close frame is answered by a close frame, unless one was sent \
before.|RFC 6455, section 5.5.1
rfc6455.close.reserved|rfc6455|7.4.1|MUST|server|Codes 1005, 1006 and 1015 never stand in a close frame.|RFC \
6455, section 7.4.1
rfc6455.utf8|rfc6455|8.1|MUST|server|A text message that is not UTF-8 fails the connection.|RFC 6455, section 8.1
starlette.disconnect.code|starlette|WebSocket|MUST|framework|WebSocketDisconnect carries the code of the \
disconnect event.|Starlette documentation
starlette.state.path|starlette|State|MUST|framework|client_state and application_state move as the class \
assigns them.|Starlette source
suite.mw.transparent|suite|Middleware|SHOULD|middleware|What a middleware need not change it passes on as it \
was.|Rule of the suite
suite.route.ends|suite|Routes|SHOULD|application|A handler ends when its client has gone.|Rule of the suite
suite.route.escapes|suite|Routes|SHOULD|application|No exception escapes from a handler because of what a \
client sent.|Rule of the suite"""


def requirements() -> dict[str, Requirement]:
    """A catalogue of some requirements of every source, one a line."""
    found = {}
    for line in _REQUIREMENTS.replace("{asgi}", "ASGI WebSocket specification").splitlines():
        name, document, section, level, binds, statement, source = line.split("|")
        found[name] = Requirement(name, document, section, Level(level), Layer(binds), statement, source)
    return found


STATES: dict[str, Any] = {
    "pairs": [[0, 0], [1, 0], [1, 1], [2, 1], [1, 2], [2, 2], [2, 0], [1, 3]],
    "transitions": [
        {
            "id": f"{operation}:{environment}:{a[0]}{a[1]}-{b[0]}{b[1]}",
            "from": a,
            "to": b,
            "operation": operation,
            "environment": environment,
        }
        for a, b, operations, environment in (
            ([0, 0], [1, 0], ("receive", "accept"), "client present"),
            ([0, 0], [0, 0], ("receive_text", "receive_bytes", "receive_json", "send_text"), "client present"),
            ([1, 0], [1, 1], ("accept", "send(websocket.accept)"), "client present"),
            (
                [1, 0],
                [1, 0],
                ("receive_text", "receive_json", "iter_text", "send_text", "send_bytes"),
                "client present",
            ),
            ([1, 0], [1, 2], ("close",), "client present"),
            ([1, 0], [1, 3], ("send_denial_response",), "denial offered"),
            ([1, 3], [1, 2], ("send(websocket.http.response.body)",), "denial offered"),
            ([1, 0], [2, 0], ("receive",), "client closed"),
            ([2, 0], [2, 1], ("accept",), "client closed"),
            (
                [1, 1],
                [1, 1],
                ("receive_text", "receive_bytes", "receive_json", "iter_text", "send_text", "send_bytes", "send_json"),
                "message waiting",
            ),
            (
                [1, 1],
                [2, 1],
                ("receive", "receive_text", "receive_bytes", "receive_json", "iter_text", "iter_bytes", "iter_json"),
                "client closed",
            ),
            ([1, 1], [1, 2], ("close", "send_text"), "client lost"),
            ([2, 1], [2, 2], ("close", "send_text", "send_bytes"), "client closed"),
            ([2, 1], [2, 1], ("receive", "receive_text"), "client closed"),
            ([1, 2], [2, 2], ("receive",), "client closed"),
            ([1, 2], [1, 2], ("send_text", "close", "send_json"), "client present"),
            ([2, 2], [2, 2], ("receive", "close"), "client closed"),
        )
        for operation in operations
    ],
}
ROUTES = (
    {"path": "/ws/chat/{room}", "handler": "app.chat.room", "file": "app/chat.py", "line": 31},
    {"path": "/ws/echo", "handler": "app.echo.echo", "file": "app/echo.py", "line": 8},
    {"path": "/ws/feed", "handler": "app.feed.feed", "file": "app/feed.py", "line": 19},
    {
        "path": "/ws/admin",
        "handler": "app.admin.console",
        "file": "app/admin.py",
        "line": 54,
        "reason": "It denies without credentials. Add headers to [tool.asgi-conformance].",
    },
)
WAYS = ("close 1000", "close 4001", "empty close", "FIN", "RST", "half-close", "text", "binary", "not JSON", "1 MiB")
