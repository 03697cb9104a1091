"""The server judged on its own input: what the client put on the wire and what the application sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache

from .claims import Claim
from .seen import AtBoundary, Seen
from .server_afterwards import afterwards
from .server_closing import application_over, close_frames, disconnect, echo, own_close
from .server_handshake import handshake
from .server_limits import limits, too_long
from .server_messages import frames, incoming, outgoing, pongs
from .server_scope import scope

Part = Callable[[Seen, str], Iterator[Claim]]
InnerPart = Callable[[Seen, AtBoundary, str], Iterator[Claim]]


# What each part speaks of: a case that decides nothing of it need not have it worked out. These need no application.
SUBJECTS: tuple[tuple[Part, tuple[str, ...]], ...] = (
    (
        handshake,
        (
            *("asgi.connect.", "asgi.accept.", "asgi.scope.sub", "asgi.close.before", "asgi.denial."),
            *("rfc6455.handshake.", "suite.server."),
        ),
    ),
    (scope, ("asgi.scope.",)),
    (
        limits,
        (
            *("suite.limits.", "suite.pings.", "suite.shutdown.", "asgi.disconnect."),
            *("rfc6455.codes.", "rfc6455.close."),
        ),
    ),
)
# These speak of an application that was called.
CALLED: tuple[tuple[InnerPart, tuple[str, ...]], ...] = (
    (incoming, ("asgi.receive.", "asgi.fragments.", "rfc6455.fragments.", "rfc6455.fail.")),
    (outgoing, ("asgi.send.text", "asgi.send.bytes", "asgi.send.in-order")),
    (pongs, ("asgi.ping.", "rfc6455.ping.", "rfc6455.fragments.")),
    (frames, ("rfc6455.frames.", "rfc6455.control.")),
    (close_frames, ("rfc6455.codes.", "rfc6455.control.", "rfc6455.close.")),
    (disconnect, ("asgi.disconnect.", "rfc6455.close.")),
    (
        echo,
        (
            *("rfc6455.close.", "rfc6455.codes.", "rfc6455.control.", "rfc6455.fail.", "rfc6455.utf8."),
            *("rfc6455.frames.", "rfc6455.fragments."),
        ),
    ),
    (own_close, ("asgi.close.", "rfc6455.close.", "rfc6455.codes.")),
    (application_over, ("asgi.application.", "rfc6455.close.", "rfc6455.codes.")),
    (afterwards, ("asgi.send.after", "asgi.send.returns", "asgi.close.again", "rfc6455.close.")),
)


def server(seen: Seen, spec_version: str, requires: Collection[str] | None = None) -> Iterator[Claim]:
    """The claims about the server in one trace: all, or those of the parts that speak of some requirements."""
    refused = too_long(seen)
    for claim in _all(seen, spec_version, requires):
        # What is longer than the server was told to take need not arrive.
        if not (refused and not claim.held and claim.requirement.startswith("asgi.receive.")):
            yield claim


def _all(seen: Seen, spec_version: str, requires: Collection[str] | None) -> Iterator[Claim]:
    parts, called = _speaking(None if requires is None else tuple(requires))
    for part in parts:
        yield from part(seen, spec_version)
    if seen.outer is not None:
        for inner in called:
            yield from inner(seen, seen.outer, spec_version)


@cache
def _speaking(requires: tuple[str, ...] | None) -> tuple[tuple[Part, ...], tuple[InnerPart, ...]]:
    """The parts that speak of some of the requirements: the same for all cases of a function."""

    def speaks(subjects: tuple[str, ...]) -> bool:
        return requires is None or any(id.startswith(subjects) for id in requires)

    return tuple(p for p, subjects in SUBJECTS if speaks(subjects)), tuple(p for p, s in CALLED if speaks(s))
