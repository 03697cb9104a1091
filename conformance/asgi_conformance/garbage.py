"""Python's search for garbage, held back while nothing but cases is collected and run: it would find next to none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects between two searches: what a batch of cases leaves behind at most.
SELDOM = 200_000


@contextmanager
def unsearched() -> Iterator[None]:
    """No search inside; afterwards all is as it was."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


class Sparing:
    """From `begin` to `end` few searches, and none through what was there before."""

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None

    def begin(self) -> None:
        """Put aside what is there, and search seldom; nothing where the user has turned the search off."""
        if self._before is None and gc.isenabled():
            self._before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(SELDOM, *self._before[1:])

    def end(self) -> None:
        """As it was before `begin`; safe to call twice."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None
