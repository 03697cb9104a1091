"""The opening: accepting, refusing and denying, and a client that leaves before any of it."""

from __future__ import annotations

from ..script import App, Client, case

Headers = tuple[tuple[str, str], ...]

ACCEPTED = ("asgi.connect.first", "asgi.accept.completes", "rfc6455.handshake.accept")
REFUSED = (
    "asgi.close.before-accept",
    "asgi.connect.handshake-waits",
    "suite.server.headers-once",
    "starlette.close.code",
)


@case(
    "handshake.accept",
    requires=(
        *ACCEPTED,
        "asgi.connect.handshake-waits",
        "rfc6455.handshake.extensions",
        "rfc6455.handshake.no-subprotocol",
        "suite.server.headers-once",
    ),
)
def accept_completes_the_handshake(client: Client, app: App) -> None:
    """accept() answers the client with a valid 101, and nothing did before."""
    client.opens()
    app.accepts()
    client.is_accepted()
    client.closes(1000)


@case(
    "handshake.subprotocol",
    requires=("asgi.accept.subprotocol", "starlette.accept.subprotocol"),
    rows=(
        ("first", ("chat", "superchat"), "chat"),
        ("second", ("chat", "superchat"), "superchat"),
        ("only", ("v1.json",), "v1.json"),
        ("none-of-two", ("chat", "superchat"), None),
        ("none-offered", (), None),
    ),
)
def accepted_subprotocol_reaches_the_client(
    client: Client, app: App, offered: tuple[str, ...], chosen: str | None
) -> None:
    """The handshake names just the subprotocol that the handler accepted, and none when it named none."""
    client.opens(subprotocols=offered)
    app.accepts(subprotocol=chosen)
    client.is_accepted(subprotocol=chosen)
    client.closes(1000)


@case(
    "handshake.offered",
    requires=("asgi.scope.subprotocols",),
    rows=(("none", ()), ("one", ("chat",)), ("two", ("chat", "superchat")), ("three", ("a", "b.c", "d-e_f"))),
)
def offered_subprotocols_reach_the_application(client: Client, app: App, offered: tuple[str, ...]) -> None:
    """The scope lists just the subprotocols that the client offered, each by itself."""
    client.opens(subprotocols=offered)
    app.accepts()
    client.closes(1000)


@case(
    "handshake.subprotocol.not-offered",
    requires=("rfc6455.handshake.subprotocol", "asgi.accept.not-offered"),
    rows=(("other", ("chat",), "superchat"), ("none-offered", (), "chat")),
)
def subprotocol_that_was_not_offered_is_not_named(
    client: Client, app: App, offered: tuple[str, ...], chosen: str
) -> None:
    """A subprotocol that the client did not offer is not named in the handshake, whatever the handler asks for."""
    client.opens(subprotocols=offered)
    app.calls("accept", subprotocol=chosen, raises=True)


@case(
    "handshake.headers",
    requires=("asgi.accept.completes", "asgi.accept.headers", "starlette.accept.headers"),
    rows=(
        ("one", (("x-answer", "42"),)),
        ("case-kept", (("x-when", "Mon, 23 Nov 2026 08:00:00 GMT"),)),
        ("two-names", (("x-one", "1"), ("x-two", "2"))),
        ("same-name-twice", (("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2; Path=/"))),
        ("latin-1", (("x-name", "tsch\xfc\xdf"),)),
        ("empty", (("x-empty", ""),)),
        ("long", (("x-long", "v" * 4000),)),
    ),
)
def accepted_headers_reach_the_client(client: Client, app: App, headers: Headers) -> None:
    """The headers of accept() are part of the handshake, every one and unchanged."""
    client.opens()
    app.accepts(headers=headers)
    client.is_accepted(headers=headers)
    client.closes(1000)


@case(
    "handshake.refused",
    requires=REFUSED,
    rows=(("1000", 1000, None), ("1008-bye", 1008, "bye"), ("3000", 3000, None), ("4001-bye", 4001, "bye")),
)
def close_before_accept_is_403(client: Client, app: App, code: int, reason: str | None) -> None:
    """close() before accept() answers the handshake with HTTP 403."""
    client.opens()
    app.calls("receive")
    app.closes(code, reason)
    client.is_refused(403)


@case("handshake.refused.unread", requires=REFUSED)
def close_before_the_connect_event_is_read_is_403(client: Client, app: App) -> None:
    """close() answers with HTTP 403 also when the handler has not received the connect event."""
    client.opens()
    app.closes(1000)
    client.is_refused(403)


@case("handshake.refused.disconnect", requires=("asgi.disconnect.before-accept", "asgi.close.before-accept"))
def disconnect_after_a_refusal(client: Client, app: App) -> None:
    """What the handler receives after it has refused the connection is shown."""
    client.opens()
    app.calls("receive")
    app.closes(1000)
    client.is_refused(403)
    app.calls("receive")


@case("handshake.refused.receive", requires=("asgi.disconnect.before-accept", "asgi.close.before-accept"))
def disconnect_right_after_a_refusal(client: Client, app: App) -> None:
    """What a handler receives that refuses the connection and receives again at once is shown; the client reads 403."""
    client.opens()
    app.calls("receive")
    app.closes(1000)
    app.calls("receive", raises=True)
    client.is_refused(403)


@case("handshake.unanswered", requires=("asgi.connect.handshake-waits",))
def nothing_accepts_but_the_handler(client: Client, app: App) -> None:
    """Where the handler returns without an answer, the handshake is not completed for it."""
    client.opens()
    app.calls("receive")
    app.returns()
    client.is_refused()


DENIAL = (
    "asgi.denial.status",
    "asgi.denial.headers",
    "asgi.denial.body",
    "suite.server.headers-once",
    "starlette.denial.sent",
)
PLAIN: Headers = (("content-type", "text/plain; charset=utf-8"),)


@case(
    "handshake.denied",
    requires=DENIAL,
    rows=(
        ("400", 400, PLAIN, (b"what?",)),
        ("401", 401, (("www-authenticate", 'Bearer realm="feed"'), *PLAIN), (b"who are you?",)),
        ("403", 403, PLAIN, (b"no",)),
        ("404-empty", 404, (), (b"",)),
        ("429-header", 429, (("retry-after", "7"), *PLAIN), (b"later",)),
        ("500", 500, PLAIN, (b"oh",)),
        ("503-json", 503, (("content-type", "application/json"),), (b'{"detail":"down"}',)),
        ("401-cookies", 401, (("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2; Path=/"), *PLAIN), (b"again",)),
        ("413-length", 413, (("content-length", "4"), *PLAIN), (b"much",)),
        ("401-binary", 401, (("content-type", "application/octet-stream"),), (bytes(range(256)),)),
    ),
    needs=("denial",),
)
def denial_reaches_the_client(
    client: Client, app: App, status: int, headers: Headers, chunks: tuple[bytes, ...]
) -> None:
    """send_denial_response() answers the handshake with its status, headers and body."""
    client.opens()
    app.calls("receive")
    app.denies(status, headers, chunks)
    client.is_refused(status)


@case(
    "handshake.denied.chunks",
    requires=("asgi.denial.chunks", "asgi.denial.body", "asgi.denial.closes", "starlette.denial.sent"),
    rows=(("two", (b"first, ", b"second")), ("empty-between", (b"first", b"")), ("empty-first", (b"", b"last"))),
    needs=("denial",),
)
def denial_in_parts_reaches_the_client(client: Client, app: App, chunks: tuple[bytes, ...]) -> None:
    """The parts of a denial's body reach the client as one body, in their order."""
    client.opens()
    app.calls("receive")
    app.denies(401, PLAIN, chunks)
    client.is_refused(401)
    client.is_ended()


@case(
    "handshake.denied.body-later",
    requires=("asgi.denial.status", "asgi.denial.body"),
    rows=(("length-given", ((b"content-length", b"5"),)), ("length-not-given", ())),
    needs=("denial",),
)
def denial_waits_for_its_body(client: Client, app: App, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """A denial whose body is sent some time after its status and headers arrives with its body."""
    client.opens()
    app.calls("receive")
    pairs = [list(pair) for pair in headers]
    app.calls("send", message={"type": "websocket.http.response.start", "status": 401, "headers": pairs})
    client.falls_silent()
    app.calls("send", message={"type": "websocket.http.response.body", "body": b"later"})
    client.is_refused(401)


@case(
    "handshake.denied.extension-missing",
    requires=("starlette.denial.missing-extension", "asgi.close.before-accept"),
    needs=("without:websocket.http.response",),
)
def denial_without_the_extension_is_refused(client: Client, app: App) -> None:
    """Where the server does not offer denial responses, send_denial_response() raises and sends nothing."""
    client.opens()
    app.calls("receive")
    app.calls("deny", status=401, headers=[], chunks=[b"no"], raises="RuntimeError")
    app.closes(1000)
    client.is_refused(403)


LEFT = ("asgi.connect.first", "asgi.disconnect.sent", "asgi.disconnect.lost-code", "asgi.disconnect.code-type")


@case("handshake.left", requires=LEFT, rows=(("fin", "drops"), ("rst", "resets"), ("half", "half_closes")))
def client_leaves_before_the_answer(client: Client, app: App, leaves: str) -> None:
    """A handler that has not answered yet receives the disconnect of a client that leaves."""
    client.opens()
    app.calls("receive")
    getattr(client, leaves)()
    app.calls("receive")


@case(
    "handshake.left.accepted",
    requires=(
        "asgi.connect.first",
        "asgi.disconnect.sent",
        "asgi.disconnect.code-type",
        "asgi.send.after-disconnect",
        "asgi.send.after-disconnect-ignored",
    ),
    rows=(("fin", "drops"), ("rst", "resets"), ("half", "half_closes")),
)
def accept_for_a_client_that_has_left(client: Client, app: App, leaves: str) -> None:
    """An accept that comes too late raises what the documents name, or nothing; then the disconnect is received."""
    # Nothing proves that the server knows already: what it says of the end is told in `handshake.left.told`.
    client.opens()
    app.calls("receive")
    getattr(client, leaves)()
    app.calls("accept", raises=True)
    app.calls("receive", raises=True)


@case(
    "handshake.left.told",
    requires=(*LEFT, "asgi.send.after-disconnect", "asgi.send.after-disconnect-ignored"),
    rows=(("fin", "drops"), ("rst", "resets"), ("half", "half_closes")),
)
def accept_after_the_end_was_told(client: Client, app: App, leaves: str) -> None:
    """An accept after the disconnect of a client that has left raises what the documents name, or does nothing."""
    client.opens()
    app.calls("receive")
    getattr(client, leaves)()
    app.calls("receive")
    app.calls("accept", raises=True)


@case("handshake.left.partly", requires=("rfc6455.handshake.bad-request",))
def unfinished_request_does_not_reach_the_application(client: Client, app: App) -> None:
    """A client that stops in the middle of its request is let go, and the application is not called."""
    client.opens_partly()
    client.half_closes()
    client.is_ended()
