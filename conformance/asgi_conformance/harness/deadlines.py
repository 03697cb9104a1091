"""Every wait has a name and a deadline; a deadline's passing is an observation, never yet a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Seconds, before scaling. A right target on a loaded machine stays far below each.
WAITS: Mapping[str, float] = MappingProxyType(
    {
        "start": 30.0,  # the target is imported, started up and listening
        "stop": 5.0,  # the server has shut down after it was told to
        "connect": 5.0,  # TCP connects
        "response": 5.0,  # the handshake is answered
        "message": 5.0,  # a message that was sent arrives
        "pong": 5.0,  # a ping is answered
        "ping": 5.0,  # the server, told to do so often, sends a ping
        "close": 5.0,  # the server's Close frame arrives
        "end": 5.0,  # TCP ends from the server's side
        "write": 5.0,  # the socket takes what is written to it
        "barrier": 5.0,  # the app lane has completed the step above
        "exit": 5.0,  # the target's callable has ended
        "called": 5.0,  # the server calls the target for a client that is about to leave
        "entry": 1.0,  # the server calls the target for a client that has left already
        "settle": 0.5,  # a handler waits for the next message; one that never does is not waited for
        "resettle": 0.1,  # the same, of a handler that has not come to wait before
        "gone": 1.0,  # a server that could know that its client is leaving ends the connection
        "again": 1.0,  # the target's callable has ended, where it is known already not to
        "grace": 2.0,  # the tasks that a handler started have ended after it
        "tasks": 5.0,  # the child says which tasks are left
        "routes": 10.0,  # the child says which routes the target has
        "release": 1.0,  # a handler that missed a deadline ends once it is cancelled
        "snapshot": 1.0,  # the child's loop says what a run is waiting for
    }
)


class Deadlines:
    """The waits' deadlines, scaled by ``--conformance-deadline``, which names the common one in seconds.

    ``in_process``: no network lies between the client and the application, and what is not there at once never comes.
    """

    def __init__(self, common: float = 5.0, in_process: bool = False) -> None:
        self._scale = common / 5.0
        self._most = {"response": 1.0, "end": 1.0} if in_process else {}

    def seconds(self, wait: str) -> float:
        """The deadline of a named wait, in seconds."""
        return min(WAITS[wait], self._most.get(wait, WAITS[wait])) * self._scale

    def unhurried(self) -> Deadlines:
        """The same, none shorter than it stands: for a server that counts seconds of its own."""
        return self if self._scale >= 1.0 else Deadlines()
