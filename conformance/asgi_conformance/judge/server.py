"""The server judged on its own input: what the client put on the wire and what the application sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from .claims import Claim
from .seen import Seen
from .server_closing import closing
from .server_handshake import handshake
from .server_limits import limits, too_long
from .server_messages import messages
from .server_scope import scope

Part = Callable[[Seen, str], Iterator[Claim]]


# What each part speaks of: a case that decides nothing of it need not have it worked out.
SUBJECTS: tuple[tuple[Part, tuple[str, ...]], ...] = (
    (
        handshake,
        (
            *("asgi.connect.", "asgi.accept.", "asgi.scope.sub", "asgi.close.before", "asgi.denial."),
            *("rfc6455.handshake.", "suite.server."),
        ),
    ),
    (scope, ("asgi.scope.",)),
    (limits, ("suite.limits.", "suite.pings.", "suite.shutdown.", "rfc6455.codes.too-big", "asgi.disconnect.")),
    (
        messages,
        (
            *("asgi.receive.", "asgi.send.", "asgi.fragments.", "asgi.ping.", "rfc6455.fragments.", "rfc6455.ping."),
            *("rfc6455.frames.", "rfc6455.control.", "rfc6455.fail."),
        ),
    ),
    (
        closing,
        (
            *("asgi.disconnect.", "asgi.close.", "asgi.application.", "asgi.send.after", "asgi.send.returns"),
            *("rfc6455.close.", "rfc6455.codes.", "rfc6455.control.", "rfc6455.fail.", "rfc6455.utf8."),
            *("rfc6455.frames.", "rfc6455.fragments."),
        ),
    ),
)


def server(seen: Seen, spec_version: str, requires: Collection[str] | None = None) -> Iterator[Claim]:
    """The claims about the server in one trace: all, or those of the parts that speak of some requirements."""
    refused = too_long(seen)
    for part, subjects in SUBJECTS:
        if requires is None or any(id.startswith(subjects) for id in requires):
            for claim in part(seen, spec_version):
                # What is longer than the server was told to take need not arrive.
                if not (refused and not claim.held and claim.requirement.startswith("asgi.receive.")):
                    yield claim
