"""Requirements of the user's own: what their protocol promises, beside what the documents demand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from asgi_conformance.model import Layer, Level, Requirement

DOCUMENT = "user"
OWN = f"{DOCUMENT}."
_ID = re.compile(r"user(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+")
_written: dict[str, Requirement] = {}


class OwnRequirementError(ValueError):
    """A requirement of the user's own is written wrongly; the message names it."""


def requirement(
    id: str, level: str, binds: str, statement: str, *, source: str, fix: str | None = None
) -> str:
    """Write down one requirement of your own; gives its id, to be cited by cases.

    ``id`` begins with ``user.`` (it is put before one that does not). ``level`` is MUST, SHOULD, MAY or SILENT: it
    decides how grave a breach is. ``binds`` is the layer that owes it: application, middleware, framework or server.
    ``source`` says where it is written, ``fix`` how to mend a breach. Raises `OwnRequirementError`.
    """
    full = id if id.startswith(OWN) else OWN + id
    if not _ID.fullmatch(full):
        raise OwnRequirementError(f"not an id of a requirement: {id!r} (lower-case words joined by dots and dashes)")
    if full in _written:
        raise OwnRequirementError(f"the requirement {full} is written twice")
    for name, value in (("statement", statement), ("source", source)):
        if not isinstance(value, str) or not value.strip():
            raise OwnRequirementError(f"{full}: its {name} is empty")
    layers = [layer.value for layer in Layer if layer is not Layer.SUITE]
    if level not in list(Level):
        raise OwnRequirementError(f"{full}: the level {level!r} is not one of {', '.join(Level)}")
    if binds not in layers:
        raise OwnRequirementError(f"{full}: it binds {binds!r}, which is not one of {', '.join(layers)}")
    _written[full] = Requirement(
        full, DOCUMENT, source, Level(level), Layer(binds), statement.strip(), source.strip(), fix=fix
    )
    return full


def own() -> dict[str, Requirement]:
    """The requirements that have been written down, by id."""
    return _written


@contextmanager
def anew() -> Iterator[None]:
    """What is written inside replaces what was written before."""
    _written.clear()
    yield
