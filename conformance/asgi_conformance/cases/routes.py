"""Routes: the target's own handlers, against every way that a client can leave and what it may send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from ..model import Case
from ..script import App, CaseFunction, Client
from ..values import Repeated

# All that a route case decides is about the application: the layers below are judged by the probe cases.
REQUIRES = (
    "asgi.application.valid-message",
    "asgi.application.no-send-after-end",
    "asgi.application.send-from-other-task",
    "asgi.application.async",
    "asgi.application.one-connection",
    "asgi.connect.answered",
    "asgi.accept.no-subprotocol-header",
    "asgi.accept.header-names",
    "asgi.denial.extension",
    "asgi.close.legal-code",
    "asgi.close.legal-reason",
    "rfc6455.handshake.application-subprotocol",
    "suite.handler.disconnect-caught",
    "suite.handler.input-tolerated",
    "suite.handler.ends",
    "suite.handler.tasks-ended",
    "suite.handler.loop-free",
    "suite.framework.no-exception",
)
WAYS: dict[str, CaseFunction] = {}
MIB = 1024 * 1024
# So many messages are in one piece more than a queue of the usual 100 takes, and far less than a server's limits.
BURST = 120
# 512 KiB in messages of 4 KiB: if they are answered in kind, more than a narrow connection holds with the 64 KiB that
# servers gather before a send waits.
UNREAD = 128
LONG_TEXT = Repeated("hello   ", 512)
# The head of a masked continuation frame of 32 bytes with the first 7 of them.
HALF_A_FRAME = bytes.fromhex("80a000000000") + b"of a me"


@dataclass(frozen=True, slots=True)
class Closing:
    """A Close frame of the client. ``stands_for``: the kind of client, and the codes for which this one is tried."""

    way: str
    code: int | None
    reason: str | None
    stands_for: str


# One connection for each route and code is dear: one code for each kind of client that a handler may have met. A code
# that no client may send is none of them: the server ends the connection itself, with 1002 or as if it had been lost.
CLOSINGS = (
    Closing("close-1000", 1000, None, "the client is done"),
    Closing("close-4001", 4001, "bye", "a code that an application has agreed on with its clients (4000 to 4999)"),
    Closing("close-empty", None, None, "a Close frame without a code: the handler is told 1005"),
    Closing("close-1001", 1001, None, "the client goes away, as a browser does when its page is left"),
    Closing("close-1002", 1002, "bad frame", "the client could not use what it was sent (also 1003, 1007, 1009, 1010)"),
    Closing("close-1008", 1008, "no", "the client refuses to go on (its policy)"),
    Closing("close-1011", 1011, "failed", "the client has failed itself"),
    Closing("close-1012", 1012, None, "a code of the IANA registry that RFC 6455 does not list (1012 to 1014)"),
    Closing("close-3000", 3000, None, "a code registered by a library or framework (3000 to 3999)"),
    Closing("close-4999", 4999, None, "the last code of all, as far from the agreed ones as can be"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A route as the cases need it: its path as declared, its first messages, whether it is expected to deny."""

    path: str
    messages: tuple[str | bytes, ...] = ()
    denial: int | None = None
    handler: str = ""
    file: str = ""
    line: int = 0
    configure: str = ""
    given: bool = False


def way(id: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a way to treat a route; its frozen case ids are ``id[path]``."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        WAYS[id] = CaseFunction(id, function, REQUIRES, (), "route", frozenset(), None)
        return function

    return register


def route_cases(subjects: Sequence[Subject]) -> Iterator[Case]:
    """Every way for every route, route by route."""
    for subject in subjects:
        for id, function in WAYS.items():
            rows = ((row_of(subject.path), subject),)
            for case in replace(function, rows=rows, tags=_tags(id)).cases():
                yield replace(case, section="routes")


def row_of(path: str) -> str:
    """A declared path as a row id: ASCII without spaces or square brackets."""
    return quote(path, safe="/{}:@!$&'()*+,;=-._~")


def tags_of(subject: Subject) -> dict[str, Any]:
    """What a case carries of the route that it visits."""
    return {
        "route": subject.path,
        "handler": subject.handler,
        "file": subject.file,
        "line": subject.line,
        "denial": subject.denial,
        "configure": subject.configure,
        "given": subject.given,
    }


def _tags(id: str) -> Callable[..., dict[str, Any]]:
    return lambda subject: {**tags_of(subject), "way": id.partition(".")[2]}


def _enters(client: Client, messages: Sequence[str | bytes]) -> None:
    """The client is in: accepted, its first messages sent, and the handler waits for more."""
    client.opens()
    client.is_accepted()
    _sends_first(client, messages)


def _sends_first(client: Client, messages: Sequence[str | bytes]) -> None:
    for message in messages:
        if isinstance(message, bytes):
            client.sends_bytes(message)
        else:
            client.sends_text(message)
    client.is_settled(len(messages))


def _last_text(route: Subject) -> str:
    """What the user has configured and the handler may so be taken to answer, '' where nothing is."""
    texts = [message for message in route.messages if isinstance(message, str)]
    return texts[-1] if texts else ""


def _leaves(client: Client, route: Subject) -> None:
    """An ordinary end, once the handler is done with what it was sent."""
    client.is_settled(len(route.messages) + 1)
    client.closes(1000)


def _closes(closing: Closing) -> None:
    def closes(client: Client, app: App, route: Subject) -> None:
        _enters(client, route.messages)
        client.closes(closing.code, closing.reason)

    given = "without a code" if closing.code is None else f"with {closing.code}"
    closes.__doc__ = f"The handler ends properly when the client closes {given}: {closing.stands_for}."
    way(f"route.{closing.way}")(closes)


for _closing in CLOSINGS:
    _closes(_closing)


@way("route.fin")
def drops(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client's connection ends without a Close frame."""
    _enters(client, route.messages)
    client.drops()


@way("route.rst")
def resets(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client's connection is reset."""
    _enters(client, route.messages)
    client.resets()


@way("route.half-close")
def half_closes(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client half-closes the connection without a Close frame."""
    _enters(client, route.messages)
    client.half_closes()


@way("route.before-accept")
def leaves_before_accept(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client leaves before the handshake is answered."""
    client.opens()
    client.drops()


@way("route.after-accept")
def leaves_right_after_accept(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client leaves at the very moment when it is accepted."""
    client.opens()
    client.is_accepted()
    client.drops()


@way("route.beside")
def leaves_another_behind(client: Client, app: App, route: Subject) -> None:
    """Another client on the same route is not disturbed when this one leaves."""
    _enters(client, route.messages)
    client.closes(1000)


@way("route.text")
def is_sent_text(client: Client, app: App, route: Subject) -> None:
    """The handler copes with a text message."""
    _enters(client, route.messages)
    client.sends_text("hello")
    _leaves(client, route)


@way("route.binary")
def is_sent_bytes(client: Client, app: App, route: Subject) -> None:
    """The handler copes with a binary message."""
    _enters(client, route.messages)
    client.sends_bytes(b"\x00\xff hello")
    _leaves(client, route)


@way("route.not-json")
def is_sent_what_is_not_json(client: Client, app: App, route: Subject) -> None:
    """The handler copes with text that is not JSON."""
    _enters(client, route.messages)
    client.sends_text('{"not": json')
    _leaves(client, route)


@way("route.empty")
def is_sent_empty_text(client: Client, app: App, route: Subject) -> None:
    """The handler copes with an empty text message."""
    _enters(client, route.messages)
    client.sends_text("")
    _leaves(client, route)


@way("route.large")
def is_sent_a_large_text(client: Client, app: App, route: Subject) -> None:
    """The handler copes with a text message of 1 MiB."""
    _enters(client, route.messages)
    client.sends_text(Repeated("x", MIB))
    _leaves(client, route)


@way("route.burst")
def is_sent_many_texts_at_once(client: Client, app: App, route: Subject) -> None:
    """The handler copes with 120 text messages that arrive in one piece."""
    _enters(client, route.messages)
    client.sends_at_once("hello", BURST)
    client.is_settled(len(route.messages) + BURST)
    client.closes(1000)


@way("route.mid-message")
def vanishes_in_the_middle_of_a_message(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client, after one message, vanishes in the middle of the next."""
    _enters(client, route.messages)
    client.sends_text("hello")
    client.is_settled(len(route.messages) + 1)
    client.sends_frame(1, "the first part ", fin=False)
    client.sends_raw(HALF_A_FRAME)
    client.drops()


@way("route.while-app-sends")
def leaves_while_it_is_sent_to(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client leaves while the handler is sending to it."""
    _enters(client, route.messages)
    client.holds_the_next_send()
    client.sends_text(_last_text(route) or "hello")
    client.is_being_sent_to()
    client.closes(1001)
    client.is_known_to_have_left()
    client.lets_the_send_go()


@way("route.stops-reading")
def stops_reading_and_is_reset(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client reads nothing more of what it is sent, and then is gone."""
    client.opens_narrowly()
    client.is_accepted()
    _sends_first(client, route.messages)
    client.stops_reading()
    client.sends_at_once(_last_text(route) or LONG_TEXT, UNREAD)
    client.is_settled(len(route.messages) + UNREAD)
    client.resets()
