"""The language that cases are written in. It records steps; it runs nothing.

A script is totally ordered: a step starts when the one above it is complete, and every change of lane is a barrier;
only inside ``with together():`` is the order open. The function's docstring is the sentence that users read; its id is
given once and never renamed::

    @case("close.client.code", requires=("asgi.disconnect.code",), rows=close_codes.sendable_by_a_client())
    def client_close_code_reaches_the_handler(client, app, code, reason):
        \"\"\"The handler's WebSocketDisconnect carries the code and reason of the client's close frame.\"\"\"
        client.opens()
        app.accepts()
        client.closes(code, reason)
        app.is_disconnected(code, reason)
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .lanes import App as App
from .lanes import Client as Client
from .lanes import Tape
from .model import Case

_ID = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_ROW = re.compile(r"[!-~]+")

Row = Sequence[Any]
Rows = Iterable[Row] | Callable[[], Iterable[Row]]
Script = Callable[..., None]


class ScriptError(Exception):
    """A case is written wrongly; the message names it."""


@dataclass(frozen=True, slots=True)
class CaseFunction:
    """A decorated function and what the decorator was given."""

    id: str
    function: Script
    requires: tuple[str, ...]
    rows: tuple[Row, ...] | Callable[[], Iterable[Row]] | None
    kind: str
    needs: Iterable[str] | Callable[..., Iterable[str]]
    tags: Callable[..., dict[str, Any]] | None
    route: str = ""
    server: str = ""

    @property
    def title(self) -> str:
        """The docstring: the text that users read."""
        return " ".join((inspect.getdoc(self.function) or "").split())

    def cases(self) -> Iterator[Case]:
        """One case for each row, or the only one."""
        title = self.title
        if self.rows is None:
            yield self._record(title, "", ())
        else:
            for row_id, *values in self.rows() if callable(self.rows) else self.rows:
                yield self._record(title, str(row_id), values)

    def _record(self, title: str, row: str, values: Sequence[Any]) -> Case:
        if row and not _ROW.fullmatch(row):
            raise ScriptError(f"{self.id}: a row id must be ASCII without spaces, not {row!r}")
        tape = Tape()
        if self.route:
            self.function(Client(tape), *values)
        else:
            self.function(Client(tape), App(tape), *values)
        return Case(
            id=self.id,
            title=title,
            section=self.id.partition(".")[0],
            requires=self.requires,
            steps=tuple(tape.steps),
            row=row,
            kind=self.kind,
            needs=frozenset(self.needs(*values) if callable(self.needs) else self.needs),
            tags={**(self.tags(*values) if self.tags else {}), **({"route": self.route} if self.route else {})},
            server=self.server,
        )


_REGISTRY: dict[str, CaseFunction] = {}


def case(
    id: str,
    *,
    requires: Iterable[str],
    rows: Rows | None = None,
    kind: str = "probe",
    needs: Iterable[str] | Callable[..., Iterable[str]] = (),
    tags: Callable[..., dict[str, Any]] | None = None,
    route: str = "",
    server: str = "",
) -> Callable[[Script], Script]:
    """Register a script as a case under a frozen id.

    ``rows`` yields ``(row id, *values)``; the values follow ``client, app`` in the call. Rows that take long to find
    may be a function that yields them: it is called where the case may be among those that are chosen. ``needs`` names
    what must be there for the case to apply (``"denial"``, ``"framework:fastapi"``), or must be left out
    (``"without:EXTENSION"``); like ``tags``, it may be a function of the row's values. ``route`` is the path of one of
    the target's own routes, as the target declares it: the case is the client's lane alone, and the function is called
    with ``client`` and the row's values. ``server`` names the configuration of a server of its own.

    Raises `ScriptError` for a bad or doubled id.
    """
    if not _ID.fullmatch(id):
        raise ScriptError(f"not a case id: {id!r} (lower-case words joined by dots and dashes)")
    def register(function: Script) -> Script:
        # A module whose import was interrupted is imported once more: the same function is no second case.
        before = _REGISTRY.get(id)
        if before is not None and _origin(before.function) != _origin(function):
            raise ScriptError(f"the case id {id} is used twice")
        if not inspect.getdoc(function):
            raise ScriptError(f"{id}: a case needs a docstring, it is what users read")
        kept = rows if rows is None or callable(rows) else tuple(rows)
        of = "route" if route else kind
        _REGISTRY[id] = CaseFunction(id, function, tuple(requires), kept, of, needs, tags, route, server)
        return function

    return register


def _origin(function: Script) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def registered() -> dict[str, CaseFunction]:
    """All cases that have been registered, by id, in the order of registration."""
    return _REGISTRY


@contextmanager
def separately() -> Iterator[dict[str, CaseFunction]]:
    """What is registered inside goes into a register of its own, which is given."""
    global _REGISTRY
    kept, _REGISTRY = _REGISTRY, {}
    try:
        yield _REGISTRY
    finally:
        _REGISTRY = kept
