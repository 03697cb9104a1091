"""What a relation says of one trace, before levels, deviations and the case's own scope turn it into a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..model import Component, Layer


class Claim(NamedTuple):
    """One requirement held, or did not, for one layer.

    ``about`` is the requirement whose subject this is, where it differs: a case that cites it is concerned.
    """

    requirement: str
    held: bool
    layer: Layer
    boundary: str
    expected: str
    observed: str
    component: Component | None = None
    about: str = ""


def shown(value: Any) -> str:
    """A value for a person: text quoted, bytes as b'…', long values by length."""
    if isinstance(value, dict) and "$" in value:
        kind = value["$"]
        if "sha256" in value:
            return f"{value['len']} {'characters' if kind == 'text' else 'bytes'} (sha256 {value['sha256'][:12]})"
        if kind == "bytes":
            return repr(bytes.fromhex(value["hex"]))
        return f"{value.get('type')} {value.get('repr')}"
    return repr(value)


def event_text(event: Mapping[str, Any]) -> str:
    """An ASGI event on one line: ``websocket.disconnect code=4001 reason='bye'``."""
    fields = [f"{key}={shown(value)}" for key, value in event.items() if key != "type" and value not in (None, [])]
    return " ".join([str(event.get("type")), *fields])


def frame_text(frame: Mapping[str, Any]) -> str:
    """A frame on one line: ``Close 4001 'bye'``."""
    if frame["opcode"] == "close":
        code = frame.get("code")
        return "Close without a code" if code is None else f"Close {code} {shown(frame.get('reason', ''))}"
    return f"{frame['opcode']} frame {shown(frame.get('payload'))}"


def exception_text(exc: Mapping[str, Any] | None) -> str:
    """An exception on one line: ``WebSocketDisconnect(4001, 'bye')``."""
    if exc is None:
        return "nothing raised"
    name = str(exc["type"]).rpartition(".")[2]
    if "code" in exc:
        return f"{name}(code={shown(exc['code'])}, reason={shown(exc.get('reason'))})"
    return f"{name}: {exc['message']}" if exc.get("message") else name


def first_breach(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Of the breaches of one requirement by one layer and component, only the first: one cause, one finding."""
    seen = set()
    for claim in claims:
        key = (claim.requirement, claim.layer, claim.component, claim.held, claim.about)
        if key not in seen:
            seen.add(key)
            yield claim
