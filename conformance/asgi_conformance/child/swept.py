"""A run of a sweep over all close codes: one close, seen at the outermost boundary and by the probe, told in a record.

What it is to do stands in its id, so that nothing has to be said of it on the control pipe: see PROTOCOL.md.
"""

from __future__ import annotations

from typing import Any, Dict

from .recorder import Run
from .wire import Channel

MARK = "~"
_RECEIVES = [[0, "accept", {}, False, False], [1, "receive_text", {}, False, True]]


class Swept(Run):
    """One connection of a sweep; ``~c4001``: the client closes with 4001, ``~a4001``: the application does."""

    def __init__(self, run_id: str, channel: Channel) -> None:
        super().__init__(run_id, channel)
        by, code = run_id[1:2], run_id[2:]
        self.bare = by.isupper()
        closes = [1, "close", {"code": int(code)}, False, True]
        self.steps = _RECEIVES if by in "cC" else [_RECEIVES[0], closes]
        self.told: Dict[str, Any] = {}

    async def briefed(self) -> None:
        """There is nothing to wait for."""

    def observe(self, boundary: str, kind: str, data: Dict[str, Any]) -> None:
        """Keep what says how it was closed; tell it at the end."""
        told = self.told
        if boundary == "outer":
            event = data.get("event") or {}
            if kind == "exit":
                told["exit"] = data["outcome"]
                self.channel.observe(self.id, "sweep", "told", told)
            elif kind == "receive" and event.get("type") == "websocket.disconnect":
                told["disconnect"] = [event.get("code"), event.get("reason")]
            elif kind == "send" and event.get("type") == "websocket.close":
                told["close"] = [event.get("code"), event.get("reason")]
        elif boundary == "app" and kind == "op" and data["step"] == 1:
            raised = data.get("raised")
            told["raised"] = raised and [raised["type"], raised.get("code"), raised.get("reason")]
