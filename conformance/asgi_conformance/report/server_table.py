"""Sections by server on the console: the worst that each came to, and in how many cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from .foreign import pictured
from .matrix import sections

#: Green and dim need no number of their own: they are told apart by what is not right.
_QUIET = ("pass", "note")


def server_table(report: Mapping[str, Any], styles: Mapping[str, str]) -> Table | None:
    """The table of a run with several servers, None for one with a single server."""
    if len(report["servers"]) < 2:
        return None
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("section", no_wrap=True, style="dim")
    for server in report["servers"]:
        name = pictured(str(server["id"])).replace("-", "\n", 1)
        table.add_column(name, justify="right", overflow="fold")
    for row in sections(report):
        counts = [{part["verdict"]: part["count"] for part in cell["bar"]["parts"]} for cell in row["cells"]]
        table.add_row(Text(pictured(row["section"])), *(_cell(each, styles) for each in counts))
    return table


def _cell(counts: Mapping[str, int], styles: Mapping[str, str]) -> Text:
    """What is not right, worst first; where all is, how many cases held; a dash where none was run."""
    loud = [verdict for verdict in ("fail", "error", "warn", "known") if counts.get(verdict)]
    held = sum(counts.get(verdict, 0) for verdict in _QUIET)
    if loud:
        return Text(f"{counts[loud[0]]} {loud[0]}", styles[loud[0]])
    return Text(str(held), styles["pass"]) if held else Text("-", "dim")
