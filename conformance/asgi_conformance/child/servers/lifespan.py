"""The target's lifespan, watched: what it raises at start-up must not be lost in the server's log."""

from __future__ import annotations

import traceback
from typing import Any, Dict

from ..loader import LoadError


class Lifespan:
    """An application whose lifespan is watched; ``app`` may be given later than the server asks for it."""

    def __init__(self, app: Any = None) -> None:
        self.app = app
        self.started = False
        self.problem: Dict[str, str] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return

        async def watched_send(event: Any) -> None:
            if event["type"] == "lifespan.startup.complete":
                self.started = True
            elif event["type"] == "lifespan.startup.failed":
                shown = str(event.get("message", ""))
                self.problem = self.problem or {"message": _last_line(shown) or "start-up failed", "traceback": shown}
            await send(event)

        try:
            await self.app(scope, receive, watched_send)
        except BaseException as exc:
            if not self.started and not self.problem:
                message = "{}: {}".format(type(exc).__name__, exc)
                self.problem = {"message": message, "traceback": traceback.format_exc()}
            raise

    def failure(self) -> LoadError:
        """Why the target did not start, for a server that has given up on it."""
        if not self.problem:
            return LoadError("lifespan", "start-up failed")
        return LoadError("lifespan", "start-up raised " + self.problem["message"], self.problem["traceback"])


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
