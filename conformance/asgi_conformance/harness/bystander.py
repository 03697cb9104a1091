"""A second client on the same route: it is there before the first one leaves, and watched after that."""

from __future__ import annotations

import contextlib
from typing import Any

from ..model import Case
from . import frames
from .client import Ended
from .deadlines import Deadlines
from .endpoint import Address
from .lane import ClientLane, StepFailed
from .program import compile_case
from .recording import Recording
from .waiting import Missed

PING = b"beside"


class Bystander:
    """One connection that does nothing but stay."""

    def __init__(self, recording: Recording, address: Address, deadlines: Deadlines) -> None:
        self.recording = recording
        self._lane = ClientLane(recording, address, deadlines)

    async def enters(self, case: Case) -> None:
        """Go through the steps of a case; where that does not work out, `alive` says so."""
        with contextlib.suppress(Missed, StepFailed):
            await self._lane.perform(compile_case(case), lambda index: None)

    @property
    def alive(self) -> bool:
        """Whether the connection is open and nobody has begun to close it."""
        connection = self._lane.connection
        open_ = connection.response is not None and connection.response.status == 101
        return open_ and connection.close_received is None and not connection.ended

    async def looks(self) -> dict[str, Any]:
        """What has become of the connection, proved by a ping that is answered, a Close frame or the end."""
        connection = self._lane.connection
        if self.alive:
            connection.write_frame(frames.PING, PING)
            with contextlib.suppress(Missed, Ended):
                await connection.until(lambda: PING in connection.pongs or not self.alive, "pong", end_is_enough=True)
        found: dict[str, Any] = {"alive": self.alive, "close": None, "exc": None}
        if not self.alive:
            with contextlib.suppress(Missed):
                await self.recording.exit()
            found["close"] = list(connection.close_received) if connection.close_received is not None else None
            ends = self.recording.trace().at("route", "exit")
            found["exc"] = ends[0].data.get("exc") if ends else None
        return found

    async def leaves(self) -> None:
        """Close in order and let go."""
        connection = self._lane.connection
        try:
            if self.alive:
                connection.write_frame(frames.CLOSE, frames.close_payload(1000, ""))
            if self.recording.entered:
                with contextlib.suppress(Missed):
                    await self.recording.exit("release")
        finally:
            connection.discard()
