"""Python's search for garbage, held back while nothing but cases is collected and run: it would find next to none."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects between two searches: what a batch of cases leaves behind at most.
SELDOM = 300_000


@contextmanager
def unsearched() -> Iterator[None]:
    """No search inside; afterwards as before."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


class Sparing:
    """From `begin` to `end` few searches, and none through what was there before; from `end` to `release` none through
    what the session has made, and none of that when the process ends: pytest searches twice behind its last word, and
    the interpreter once more, and each time most of what is to be looked through are cases and their results.
    """

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None
        self._aside = False

    @contextmanager
    def made(self) -> Iterator[None]:
        """No search inside, and what is made inside is put aside: the cases and items of the whole session."""
        if not gc.isenabled():
            yield
            return
        with unsearched():
            yield
            gc.freeze()
            self._aside = True

    def begin(self) -> None:
        """Put aside what is there, and search seldom; nothing where the user has turned the search off."""
        if self._before is None and gc.isenabled():
            self._before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(SELDOM, *self._before[1:])

    def end(self) -> None:
        """Search as often as before `begin`; what has come since is put aside too. Safe to call twice."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.freeze()
            self._before, self._aside = None, True

    def release(self) -> None:
        """All is searched again, but for the last time, at the end of the process."""
        if self._aside:
            gc.unfreeze()
            # Once, however many sessions a process has.
            atexit.unregister(gc.freeze)
            atexit.register(gc.freeze)
            self._aside = False
