"""What a script says that matters for what must be seen: who closes with what, what is sent, what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..model import Case, Step
from .source import source

_TAKES = ("receive", "iterate")


@dataclass(frozen=True)
class Script:
    """A case, read. Values are Python source; steps are numbered from one, as users see them."""

    case: Case

    def steps(self, lane: str, *ops: str) -> Iterator[Step]:
        """The steps of a lane, of the given operations (all where none is given)."""
        return (step for step in self.case.steps if step.lane == lane and (not ops or step.op in ops))

    @cached_property
    def client_close(self) -> tuple[int | None, str]:
        """Code and reason of the client's first Close frame: 1005 for an empty one, None for no legal text."""
        for step in self.steps("client", "close"):
            code, reason = step.args.get("code"), step.args.get("reason")
            return (1005 if code is None else code), reason if isinstance(reason, str) else ""
        return None, ""

    @cached_property
    def app_close(self) -> tuple[int, str]:
        """Code and reason of the handler's first close, 1000 and '' where it names none."""
        for step in self.steps("app", "close", "send"):
            given = dict(step.args.get("args") or {})
            given = given.get("message", given)
            if step.op == "close" or given.get("type") == "websocket.close":
                return given.get("code", 1000), given.get("reason") or ""
        return 1000, ""

    @cached_property
    def opening(self) -> Mapping[str, Any]:
        """What the client asks for: subprotocols, headers."""
        return next((step.args for step in self.steps("client", "open")), {})

    @cached_property
    def accepting(self) -> Mapping[str, Any]:
        """The arguments of accept()."""
        return next((step.args.get("args") or {} for step in self.steps("app", "accept")), {})

    @cached_property
    def denying(self) -> Mapping[str, Any]:
        """The arguments of the denial response."""
        return next((step.args.get("args") or {} for step in self.steps("app", "deny")), {})

    @cached_property
    def from_client(self) -> list[str]:
        """The whole messages that the client sends before anything illegal."""
        found: list[str] = []
        parts: list[Any] = []
        text = False
        for step in self.steps("client", "send", "close", "raw"):
            opcode, payload = step.args.get("opcode"), step.args.get("payload")
            if opcode in (9, 10):
                continue
            if opcode not in (0, 1, 2) or step.args.get("rsv") or step.args.get("masked") is False:
                break
            text = opcode == 1 if opcode else text
            parts = [*parts, payload] if not opcode else [payload]
            if step.args.get("fin", True):
                found.append(_whole(parts, text))
        return [each for each in found if each]

    @cached_property
    def from_app(self) -> list[str]:
        """The messages that the handler sends."""
        found: list[str] = []
        for step in self.steps("app", "send_text", "send_bytes", "send"):
            given = step.args.get("args") or {}
            message = given.get("message", {"type": "websocket.send", "data": given.get("data")})
            if message["type"] == "websocket.send":
                values = (message.get(key) for key in ("data", "bytes", "text"))
                found.append(source(next(value for value in values if value is not None)))
        return found

    @cached_property
    def last(self) -> int:
        """The number of the last operation of the handler."""
        return max(step.index + 1 for step in self.steps("app"))

    @cached_property
    def taking(self) -> list[Step]:
        """The operations that receive."""
        return [step for step in self.steps("app") if step.op.startswith(_TAKES)]


def _whole(parts: list[Any], text: bool) -> str:
    if len(parts) == 1 and isinstance(parts[0], str) == text:
        return source(parts[0])
    if any(not isinstance(part, (str, bytes)) for part in parts):
        return source(parts[0])
    raw = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    try:
        return source(raw.decode() if text else raw)
    except UnicodeDecodeError:
        return ""
