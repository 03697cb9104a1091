"""The server judged on its own input: what the client put on the wire and what the application sent."""

from __future__ import annotations

from collections.abc import Iterator

from .claims import Claim
from .seen import Seen
from .server_closing import closing
from .server_handshake import handshake
from .server_messages import messages


def server(seen: Seen, spec_version: str) -> Iterator[Claim]:
    """All claims about the server in one trace."""
    yield from handshake(seen)
    yield from messages(seen)
    yield from closing(seen, spec_version)
