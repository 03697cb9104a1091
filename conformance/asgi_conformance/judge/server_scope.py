"""The server's scope against the request on the wire: what is given must be true, and nothing optional is demanded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from ..model import Layer
from ..values import observed
from .claims import Claim, shown
from .seen import Seen

Scope = Mapping[str, Any]
ABSENT = "not given, which is allowed"
INVENTED = "no header that was not sent"
HTTP_VERSIONS = ("1.1", "2", "3")
PORT_AS_TEXT = "a port that is a str, not an int"


def claim(id: str, held: bool, expected: str, observed: str) -> Claim:
    """A claim about the server at the outermost boundary."""
    return Claim(id, held, Layer.SERVER, "outer", expected, observed)


def scope(seen: Seen, spec_version: str) -> Iterator[Claim]:
    """All claims about the scope, where the whole of it was observed."""
    outer, request = seen.outer, seen.wire.request
    given: Scope | None = outer.entered.get("scope") if outer is not None else None
    if request is None or "sockname" not in request:
        return
    if given is None:
        yield from _refused(seen)
        return
    yield claim("asgi.scope.type", given.get("type") == "websocket", "'websocket'", shown(given.get("type")))
    yield _versions(given)
    yield _http_version(given, request["http"])
    forwarded = any(name.lower().startswith("x-forwarded-") for name, _ in request["headers"])
    if forwarded:
        yield _scheme_forwarded(given)
    else:
        yield _optional(given, "scheme", "asgi.scope.scheme", request["scheme"])
    root = next((str(o.data.get("root", "")) for o in seen.at("client", "configuration")), "")
    if root:
        yield from _mounted(given, root, request["path"])
    else:
        yield from _target(given, request["path"])
        yield _optional(given, "root_path", "asgi.scope.root-path", "")
    yield from _headers(given, request["headers"])
    if forwarded:
        yield _address_forwarded(given)
    else:
        yield _address(given, "client", "asgi.scope.client", request["sockname"])
    yield _address(given, "server", "asgi.scope.server", request["peername"])
    yield _state(given)
    yield _extensions(given)


def _refused(seen: Seen) -> Iterator[Claim]:
    """The application was not called: right for a request that is not allowed, and for no other."""
    status = seen.wire.status
    if status == 101 or not (status or seen.wire.ended_by_server or seen.missed):
        return
    got = "no answer" if status is None else f"HTTP {status}"
    if status is not None and status >= 400:
        yield claim("asgi.scope.headers-invented", True, INVENTED, f"{got}, and the application was not called")
    for key in ("path", "query-string", "headers", "subprotocols"):
        expected, observed = "the application is called", f"{got}, and the application was not called"
        yield claim(f"asgi.scope.{key}", False, expected, observed)


def _versions(given: Scope) -> Claim:
    asgi = given.get("asgi")
    text = isinstance(asgi, Mapping) and all(type(asgi.get(key, "")) is str for key in ("version", "spec_version"))
    # As text alone: which versions there are, a later specification decides.
    spec = asgi.get("spec_version", "2.0") if isinstance(asgi, Mapping) else None
    held = text and isinstance(spec, str) and len(spec.split(".")) == 2 and spec.replace(".", "").isdecimal()
    return claim("asgi.scope.asgi-versions", held, "a dict of versions as str, such as '3.0' and '2.4'", _text(asgi))


def _http_version(given: Scope, spoken: str) -> Claim:
    value = given.get("http_version", spoken)
    got = ABSENT if "http_version" not in given else _text(value)
    return claim("asgi.scope.http-version", value == spoken and value in HTTP_VERSIONS, shown(spoken), got)


def _optional(given: Scope, key: str, id: str, true: str) -> Claim:
    """A text that need not be given."""
    if key not in given:
        return claim(id, True, shown(true), ABSENT)
    return claim(id, given[key] == true, shown(true), _text(given[key]))


def _scheme_forwarded(given: Scope) -> Claim:
    """Whatever a proxy says of itself, what arrived is a WebSocket."""
    scheme = given.get("scheme", "ws")
    return claim("asgi.scope.scheme-forwarded", scheme in ("ws", "wss"), "'ws' or 'wss'", _text(scheme))


def _address_forwarded(given: Scope) -> Claim:
    """A client that a proxy names, whoever that is: the form of an address is judged alone."""
    value, want = given.get("client"), "a host that is a text and a port that is a number, or no client"
    if isinstance(value, Sequence) and len(value) == 2 and type(value[1]) is str:
        return claim("asgi.scope.client", False, want, PORT_AS_TEXT)
    held = value is None or (_is_address(value) and bool(value[0]))
    return claim("asgi.scope.client", held, want, want if held else _text(value))


def _mounted(given: Scope, root: str, target: str) -> Iterator[Claim]:
    """A server that was told where the application is mounted: to leave root_path out says that it is nowhere."""
    got = _text(given["root_path"]) if "root_path" in given else "not given, which stands for ''"
    yield claim("asgi.scope.root-path", given.get("root_path", "") == root, shown(root), got)
    shows = f"path {_text(given.get('path'))} for a request of {shown(target)}"
    yield claim("asgi.scope.path-mounted", True, "not specified", shows)


def _target(given: Scope, target: str) -> Iterator[Claim]:
    path, _, query = target.partition("?")
    decoded = observed(unquote(path, "utf-8", "strict"))
    yield claim("asgi.scope.path", given.get("path") == decoded, shown(decoded), _text(given.get("path")))
    for key, id, want, default in (
        ("raw_path", "asgi.scope.raw-path", path, None),
        ("query_string", "asgi.scope.query-string", query, query if not query else None),
    ):
        value = given.get(key)
        data = observed(want.encode("latin-1"))
        if value is None:
            # A query that is left out says that there was none; a path that is left out says nothing.
            held = key == "raw_path" or default is not None
            yield claim(id, held, shown(data), ABSENT if held else "not given")
        else:
            yield claim(id, value == data, shown(data), _text(value))


def _headers(given: Scope, sent: Sequence[Sequence[str]]) -> Iterator[Claim]:
    headers = given.get("headers")
    if not isinstance(headers, Sequence) or not all(_is_pair(pair) for pair in headers):
        yield claim("asgi.scope.headers", False, "pairs of bytes", _text(headers))
        return
    want = [(name.lower(), shown(observed(value.strip(" \t").encode("latin-1")))) for name, value in sent]
    names = [_name(pair[0]) for pair in headers]
    got = [(name.lower(), shown(pair[1])) for name, pair in zip(names, headers, strict=True)]
    named = dict.fromkeys(name for name, _ in (*want, *got))
    wrong = next((name for name in named if _of(want, name) != _of(got, name)), None)
    invented = next((name for name, _ in got if not _of(want, name)), None)
    seen = INVENTED if invented is None else f"{invented}: {', '.join(_of(got, invented))}"
    yield claim("asgi.scope.headers-invented", invented is None, INVENTED, seen)
    if wrong is not None:
        expected, seen = (f"{wrong}: {', '.join(_of(pairs, wrong)) or 'none'}" for pairs in (want, got))
        yield claim("asgi.scope.headers", False, expected, seen)
        return
    yield claim("asgi.scope.headers", True, "every header as it was sent", "every one")
    order, lower = [name for name, _ in got] == [name for name, _ in want], all(name == name.lower() for name in names)
    seen = "in order, in lower case" if order and lower else "names not in lower case" if order else "in another order"
    yield claim("asgi.scope.headers-order", order and lower, "in order, in lower case", seen)


def _of(pairs: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in pairs if key == name]


def _is_pair(pair: Any) -> bool:
    parts = isinstance(pair, Sequence) and len(pair) == 2
    return parts and all(isinstance(part, Mapping) and part.get("$") == "bytes" for part in pair)


def _name(part: Mapping[str, Any]) -> str:
    return bytes.fromhex(part.get("hex", "")).decode("latin-1")


def _address(given: Scope, key: str, id: str, true: Sequence[Any]) -> Claim:
    value, want = given.get(key), "the address of the connection"
    if value is None:
        return claim(id, True, want, ABSENT)
    if true[1] is None:
        # A Unix socket: only the server's end has a path, and what a client without one is called no document says.
        # The path is another one at each run: it would not be the same observation twice.
        named = isinstance(value, Sequence) and len(value) == 2 and value[0] == true[0]
        seen = f"the path, and {value[1]!r} in the place of None" if named else _text(value)
        held = key == "client" or value == list(true)
        return claim(id, held, want, want if held else seen)
    if isinstance(value, Sequence) and len(value) == 2 and type(value[1]) is str:
        return claim(id, False, want, PORT_AS_TEXT)
    if not _is_address(value):
        return claim(id, False, want, _text(value))
    host, port = value
    if host != true[0]:
        return claim(id, False, want, f"another host, {host!r}")
    # A port is another one at each run: it would not be the same observation twice.
    return claim(id, port == true[1], want, want if port == true[1] else "another port")


def _is_address(value: Any) -> bool:
    return isinstance(value, Sequence) and len(value) == 2 and type(value[0]) is str and type(value[1]) is int


def _state(given: Scope) -> Claim:
    id, want = "asgi.scope.state", "a copy of the lifespan's namespace"
    state = given.get("state")
    if state is None:
        return claim(id, True, want, ABSENT)
    if state["filled"] is None:
        return claim(id, state["type"] == "dict", "a dict", f"a {state['type']}; the lifespan put nothing in")
    seen = want if state["filled"] else f"a {state['type']} without what the lifespan had put in"
    return claim(id, state["filled"], want, seen)


def _extensions(given: Scope) -> Claim:
    id, want = "asgi.scope.extensions", "a dict of dicts"
    extensions = given.get("extensions")
    if extensions is None:
        return claim(id, True, want, ABSENT)
    held = isinstance(extensions, Mapping) and all(isinstance(value, Mapping) for value in extensions.values())
    return claim(id, held, want, _text(extensions))


def _text(value: Any) -> str:
    """A value of the scope for a person; a text is quoted, so that it differs from bytes."""
    if isinstance(value, Mapping) and "$" not in value:
        return "{" + ", ".join(f"{key!r}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return shown(value)
