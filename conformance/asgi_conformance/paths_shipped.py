"""The walks that were found by search, shipped: a search at each start would delay the first verdict.

``python -m asgi_conformance.paths_shipped`` finds them anew and writes them down; a test holds the file against the
search. One line of ``paths_walks.txt`` is one walk, its set first and then the transitions by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .paths_search import START, Search, goals
from .states_transitions import TRANSITIONS, Transition

FILE = Path(__file__).with_name("paths_walks.txt")

Way = tuple[Transition, ...]


def searched() -> Mapping[str, tuple[Way, ...]]:
    """Both sets as the search finds them: every transition, and every two in a row."""
    wanted: dict[str, set[str]] = {}
    for last, transition in goals():
        wanted.setdefault(last, set()).add(transition)
    every = Search({START: set(TRANSITIONS)}, after_any=True)
    return {"transitions": tuple(every.walks()), "pairs": tuple(Search(wanted).walks())}


@cache
def shipped() -> Mapping[str, tuple[Way, ...]]:
    """Both sets as they were written down. Raises `KeyError` for a transition that is no longer in the table."""
    found: dict[str, list[Way]] = {"transitions": [], "pairs": []}
    for line in FILE.read_text("ascii").splitlines():
        name, *ids = line.split(" ")
        found[name].append(tuple(TRANSITIONS[id] for id in ids))
    return {name: tuple(ways) for name, ways in found.items()}


def main() -> None:
    """Write down what the search finds."""
    lines = [" ".join((name, *(t.id for t in way))) for name, ways in searched().items() for way in ways]
    FILE.write_text("\n".join([*lines, ""]), "ascii")


if __name__ == "__main__":
    main()
