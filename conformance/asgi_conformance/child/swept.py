"""A run of a sweep over all close codes: one close, seen at the outermost boundary and by the probe, told at once.

What it is to do stands in its id, so that nothing has to be said of it on the control pipe: see PROTOCOL.md. There are
tens of thousands of them, so nothing else is observed, and what was seen of many is told in one line.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any, Dict, List

from .recorder import Run
from .wire import Channel, encode, now_us

MARK = "~"
# Seconds for which what was seen may wait for more of its kind.
GATHER = 0.01
_RECEIVES = [[0, "accept", {}, False, False], [1, "receive_text", {}, False, True]]


class Swept(Run):
    """One connection of a sweep; ``~c4001``: the client closes with 4001, ``~a4001``: the application does."""

    light = True

    def __init__(self, run_id: str, teller: "Teller") -> None:
        super().__init__(run_id, teller.channel)
        by, code = run_id[1:2], run_id[2:]
        self.bare = by.isupper()
        closes = [1, "close", {"code": int(code)}, False, True]
        self.steps = _RECEIVES if by in "cC" else [_RECEIVES[0], closes]
        self.told: Dict[str, Any] = {}
        self.teller = teller

    async def briefed(self) -> None:
        """There is nothing to wait for."""

    def observe(self, boundary: str, kind: str, data: Dict[str, Any]) -> None:
        """Keep what the probe's second operation raised."""
        if kind == "op" and data["step"] == 1 and boundary == "app":
            raised = data.get("raised")
            self.told["raised"] = raised and [raised["type"], raised.get("code"), raised.get("reason")]

    async def observed(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """Call ``app``, and keep how the connection was closed at the outermost boundary; tell it at the end."""
        told = self.told

        async def receiving() -> Any:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                told["disconnect"] = [encode(event.get("code")), encode(event.get("reason"))]
            return event

        async def sending(event: Any) -> None:
            if event.get("type") == "websocket.close":
                told["close"] = [encode(event.get("code")), encode(event.get("reason"))]
            await send(event)

        told["exit"] = "raised"
        try:
            await app(scope, receiving, sending)
            told["exit"] = "returned"
        finally:
            self.teller.tell(self)


class Teller:
    """Gathers what many runs of a sweep have seen into few lines; keeps the logs still while a sweep goes on."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._told: List[Any] = []
        self._before = logging.NOTSET

    def run(self, run_id: str) -> Swept:
        """The run of a connection of a sweep."""
        return Swept(run_id, self)

    def tell(self, run: Swept) -> None:
        """Tell what one run has seen, soon."""
        if not self._told:
            asyncio.get_running_loop().call_later(GATHER, self._flush)
        self._told.append((run.id, now_us(), "sweep", "told", run.told))

    def _flush(self) -> None:
        told, self._told = self._told, []
        self.channel.send({"o": told})

    def sweep(self, goes_on: bool) -> None:
        """A sweep begins or is over: a line in the log for each connection says nothing, and is a fifth of the work."""
        if goes_on:
            self._before = logging.root.manager.disable
            logging.disable(max(self._before, logging.INFO))
            gc.freeze()  # what the target has built is looked through again and again else
        else:
            logging.disable(self._before)
            gc.unfreeze()
