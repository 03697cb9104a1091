"""The scope: what the server tells the application of the request, judged where the server hands it over.

No middleware and no framework takes part: they may legally change a scope, and the bare probe stands in for the target.
"""

from __future__ import annotations

from ..configurations import ROOT
from ..script import App, Client, case

Headers = tuple[tuple[str, str], ...]

SERVER_ALONE = ("outermost",)
PATH = ("asgi.scope.path", "asgi.scope.raw-path")
QUERY = ("asgi.scope.query-string", "asgi.scope.path")


def _exchange(client: Client, app: App) -> None:
    app.accepts()
    client.is_accepted()
    client.closes(1000)


@case(
    "scope.protocol",
    requires=("asgi.scope.type", "asgi.scope.asgi-versions", "asgi.scope.http-version", "asgi.scope.scheme"),
    needs=SERVER_ALONE,
)
def scope_names_its_protocol(client: Client, app: App) -> None:
    """The scope is of the type 'websocket', and the versions and the scheme that it gives are true."""
    client.asks()
    _exchange(client, app)


@case(
    "scope.path",
    requires=PATH,
    rows=(
        ("root", "/"),
        ("plain", "/a/b"),
        ("trailing-slash", "/a/b/"),
        ("double-slash", "/a//b"),
        ("dots", "/a/../b/./c"),
        ("space", "/a%20b"),
        ("slash-escaped", "/a%2Fb"),
        ("lower-case-escape", "/a%2fb"),
        ("question-mark-escaped", "/a%3Fb"),
        ("percent-escaped", "/100%25"),
        ("twice-escaped", "/a%2525b"),
        ("plus", "/a+b"),
        ("semicolon", "/a;b=1/c"),
        ("unreserved-escaped", "/%61%7E"),
        ("utf-8-two-bytes", "/caf%C3%A9"),
        ("utf-8-three-bytes", "/%E2%82%AC/x"),
        ("utf-8-four-bytes", "/%F0%9F%98%80"),
        ("line-end-escaped", "/a%0D%0Ab"),
        ("long", "/" + "p" * 2000),
    ),
    needs=SERVER_ALONE,
)
def path_of_the_request_reaches_the_application(client: Client, app: App, target: str) -> None:
    """The scope's path is that of the request, decoded once, and its raw_path holds the bytes that were sent."""
    client.asks(target)
    _exchange(client, app)


@case(
    "scope.query",
    requires=QUERY,
    rows=(
        ("none", "/q"),
        ("empty", "/q?"),
        ("plain", "/q?a=1&b=2"),
        ("escaped", "/q?a=%20%26&b=caf%C3%A9"),
        ("plus", "/q?a=b+c"),
        ("question-mark", "/q?a?b=/c"),
        ("escape-in-both", "/caf%C3%A9?caf%C3%A9"),
        ("slash", "/q?next=/a/../b"),
        ("long", "/q?" + "v" * 2000),
    ),
    needs=SERVER_ALONE,
)
def query_of_the_request_reaches_the_application(client: Client, app: App, target: str) -> None:
    """The scope's query_string holds what followed the question mark, as bytes and still encoded."""
    client.asks(target)
    _exchange(client, app)


@case(
    "scope.root-path",
    requires=("asgi.scope.root-path",),
    rows=(("root", "/"), ("below", "/a/b")),
    needs=SERVER_ALONE,
)
def root_path_is_where_the_application_is_mounted(client: Client, app: App, target: str) -> None:
    """A server that mounts the application nowhere gives an empty root_path, or none."""
    client.asks(target)
    _exchange(client, app)


@case(
    "scope.mounted",
    requires=("asgi.scope.root-path", "asgi.scope.path-mounted"),
    rows=(("whole-path", f"{ROOT}/a/b"), ("stripped", "/a/b"), ("root", ROOT)),
    needs=SERVER_ALONE,
    server="mounted",
)
def root_path_is_what_the_server_was_told(client: Client, app: App, target: str) -> None:
    """A server that was told where the application is mounted gives just that as root_path; its path is shown."""
    client.asks(target)
    _exchange(client, app)


@case(
    "scope.forwarded",
    requires=("asgi.scope.scheme-forwarded", "asgi.scope.client"),
    rows=(
        ("proto-https", (("X-Forwarded-Proto", "https"),)),
        ("proto-http", (("X-Forwarded-Proto", "http"),)),
        ("proto-wss", (("X-Forwarded-Proto", "wss"),)),
        ("for-one", (("X-Forwarded-For", "192.0.2.7"),)),
        ("for-list", (("X-Forwarded-For", "192.0.2.7, 198.51.100.2"),)),
        ("for-ipv6", (("X-Forwarded-For", "2001:db8::7"),)),
        ("for-the-proxy-alone", (("X-Forwarded-For", "127.0.0.1"),)),
        ("for-nobody", (("X-Forwarded-For", ""),)),
        ("both", (("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https"))),
    ),
    needs=SERVER_ALONE,
)
def scope_behind_a_proxy_keeps_its_form(client: Client, app: App, headers: Headers) -> None:
    """Whatever a server makes of a proxy's headers, the scheme is a WebSocket's, and the client has an address."""
    client.asks(headers=headers)
    _exchange(client, app)


@case(
    "scope.headers",
    requires=("asgi.scope.headers", "asgi.scope.headers-order"),
    rows=(
        ("one", (("X-One", "1"),)),
        ("order", (("X-B", "1"), ("X-A", "2"), ("X-C", "3"))),
        ("duplicates", (("X-Same", "1"), ("X-Same", "2"), ("X-Same", "1"))),
        ("duplicates-apart", (("X-Same", "1"), ("X-Other", "x"), ("x-same", "2"))),
        ("cookies", (("Cookie", "a=1"), ("Cookie", "b=2"))),
        ("comma", (("X-List", "a, b,c"), ("X-List", "d"))),
        ("names-upper", (("X-UPPER-CASE", "Mixed CASE"),)),
        ("value-case", (("X-When", "Mon, 23 Nov 2026 08:00:00 GMT"),)),
        ("empty", (("X-Empty", ""),)),
        ("spaces-within", (("X-Spaced", "a  b \t c"),)),
        ("latin-1", (("X-Latin", "caf\xe9 \xa0\xff"),)),
        ("utf-8", (("X-Utf8", "caf\xc3\xa9 \xe2\x82\xac"),)),
        ("symbols-in-name", (("X-!#$%&'*+.^`|~", "1"),)),
        ("underscore-in-name", (("X_Under_Score", "1"),)),
        ("quotes", (("X-Quoted", '"a\\"b"; q=1'),)),
        ("long", (("X-Long", "v" * 4000),)),
        ("many", tuple((f"X-Number-{n}", str(n)) for n in range(40))),
    ),
    needs=SERVER_ALONE,
)
def headers_of_the_request_reach_the_application(client: Client, app: App, headers: Headers) -> None:
    """The scope holds every header of the request: duplicates, order and the bytes of each value."""
    client.asks(headers=headers)
    _exchange(client, app)


@case(
    "scope.headers.spaces-around",
    requires=("asgi.scope.headers",),
    rows=(("before", "   v"), ("after", "v  "), ("tab", "\tv\t"), ("no-space", "v")),
    needs=SERVER_ALONE,
)
def blanks_around_a_value_are_not_part_of_it(client: Client, app: App, value: str) -> None:
    """Blanks around a header's value are not part of the value in the scope."""
    client.asks(headers=(("X-Padded", value),))
    _exchange(client, app)


@case(
    "scope.headers.invented",
    requires=("asgi.scope.headers-invented",),
    rows=(
        ("vertical-tab", "b\x0bX-Invented: yes"),
        ("form-feed", "b\x0cX-Invented: yes"),
        ("file-separator", "b\x1cX-Invented: yes"),
        ("group-separator", "b\x1dX-Invented: yes"),
        ("record-separator", "b\x1eX-Invented: yes"),
        ("next-line", "b\x85X-Invented: yes"),
        ("bare-carriage-return", "b\rX-Invented: yes"),
        ("nul", "b\x00X-Invented: yes"),
    ),
    needs=SERVER_ALONE,
)
def one_header_never_becomes_two(client: Client, app: App, value: str) -> None:
    """A header whose value holds a control character is whole or refused: it never becomes a second header."""
    client.asks(headers=(("X-B", value),))
    app.accepts()
    client.is_answered()
    client.drops()


@case(
    "scope.addresses",
    requires=("asgi.scope.client", "asgi.scope.server"),
    needs=SERVER_ALONE,
)
def addresses_are_those_of_the_connection(client: Client, app: App) -> None:
    """The client and the server that the scope gives are the two ends of the connection."""
    client.asks()
    _exchange(client, app)


@case(
    "scope.subprotocols",
    requires=("asgi.scope.subprotocols",),
    rows=(
        ("none", ()),
        ("one", ("chat",)),
        ("one-line", ("chat, superchat",)),
        ("no-space", ("chat,superchat",)),
        ("more-space", ("  chat ,\t superchat ",)),
        ("two-lines", ("chat", "superchat")),
        ("lines-and-commas", ("a, b", "c", "d,e")),
        ("case-kept", ("Chat.V2, CHAT.v2",)),
    ),
    needs=SERVER_ALONE,
)
def subprotocols_are_listed_one_by_one(client: Client, app: App, lines: tuple[str, ...]) -> None:
    """The scope lists each subprotocol that the client offers, in one header line or in several."""
    client.asks(headers=tuple(("Sec-WebSocket-Protocol", line) for line in lines))
    _exchange(client, app)


@case("scope.state", requires=("asgi.scope.state",), needs=SERVER_ALONE)
def state_is_a_copy_of_the_lifespans_namespace(client: Client, app: App) -> None:
    """The state that the scope gives is a copy of what the lifespan filled, which no other connection has changed."""
    client.asks()
    _exchange(client, app)


@case("scope.extensions", requires=("asgi.scope.extensions",), needs=SERVER_ALONE)
def extensions_are_named_with_a_dictionary_each(client: Client, app: App) -> None:
    """The extensions that the scope gives are a dictionary of dictionaries."""
    client.asks()
    _exchange(client, app)
