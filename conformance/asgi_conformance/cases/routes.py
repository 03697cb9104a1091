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
)
WAYS: dict[str, CaseFunction] = {}
MIB = 1024 * 1024


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


def _tags(id: str) -> Callable[..., dict[str, Any]]:
    def tags(subject: Subject) -> dict[str, Any]:
        return {
            "route": subject.path,
            "way": id.partition(".")[2],
            "handler": subject.handler,
            "file": subject.file,
            "line": subject.line,
            "denial": subject.denial,
            "configure": subject.configure,
            "given": subject.given,
        }

    return tags


def _enters(client: Client, messages: Sequence[str | bytes]) -> None:
    """The client is in: accepted, its first messages sent, and the handler waits for more."""
    client.opens()
    client.is_accepted()
    for message in messages:
        if isinstance(message, bytes):
            client.sends_bytes(message)
        else:
            client.sends_text(message)
    client.is_settled(len(messages))


def _leaves(client: Client, route: Subject) -> None:
    """An ordinary end, once the handler is done with what it was sent."""
    client.is_settled(len(route.messages) + 1)
    client.closes(1000)


@way("route.close-1000")
def closes_normally(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client closes with 1000."""
    _enters(client, route.messages)
    client.closes(1000)


@way("route.close-4001")
def closes_with_a_code_of_its_own(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client closes with 4001 and a reason."""
    _enters(client, route.messages)
    client.closes(4001, "bye")


@way("route.close-empty")
def closes_without_a_code(client: Client, app: App, route: Subject) -> None:
    """The handler ends properly when the client's Close frame is empty."""
    _enters(client, route.messages)
    client.closes()


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
