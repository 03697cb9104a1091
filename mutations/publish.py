"""Writes the figures into README.md and docs/mutations.md: ``python -m mutations.publish``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .score import VERDICTS, counts, score
from .survivors import reason

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
BEGIN, END = "<!-- mutations: written by python -m mutations.publish -->", "<!-- end of mutations -->"


def stored(name: str) -> dict[str, Any]:
    """Stored results: ``results`` of the mutants or ``alarms`` of the right targets."""
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    return found


def figures(results: Mapping[str, Any], alarms: Mapping[str, Any]) -> str:
    """The sentence of the README."""
    found, targets = results["score"], len(alarms["targets"])
    return (
        f"Of {found['total']} mutants of server, middleware, framework and application, the suite finds "
        f"{found['found']} % and lays {found['misplaced']} % on a wrong layer. On {targets} right but "
        f"unusual applications ({alarms['cases']} cases) it raises {alarms['alarms'] or 'no'} false alarms."
    )


def tables(results: Mapping[str, Any]) -> str:
    """The score by layer and section, and the survivors, in Markdown."""
    mutants = results["mutants"]
    groups = dict.fromkeys((one["layer"], one["section"]) for one in mutants)
    lines = ["| layer | section | mutants | killed | survived | wrong layer |", "|---|---|---|---|---|---|"]
    for layer, section in groups:
        found = counts(one for one in mutants if (one["layer"], one["section"]) == (layer, section))
        lines.append(_row(layer, section, found))
    total = counts(mutants)
    lines.append(_row("**all**", "", total))
    rest = [one for one in mutants if one["verdict"] != "killed"]
    if not rest:
        return "\n".join(lines)
    lines += ["", "Those that are not killed, or are laid on a wrong layer:", ""]
    lines += ["| mutant | | why |", "|---|---|---|"]
    lines += [f"| `{one['mutant']}` | {one['verdict']} | {reason(one['mutant'])} |" for one in rest]
    return "\n".join(lines)


def _row(layer: str, section: str, found: Mapping[str, int]) -> str:
    return f"| {layer} | {section} | {found['total']} | " + " | ".join(str(found[name]) for name in VERDICTS) + " |"


def with_block(text: str, block: str) -> str:
    """A page with the block between its marks renewed."""
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{block}\n{END}", text, flags=re.DOTALL)


def pages() -> dict[Path, str]:
    """Each page as it should be."""
    results, alarms = stored("results"), stored("alarms")
    assert results["score"] == {**counts(results["mutants"]), **score(results["mutants"])}
    blocks = {ROOT / "README.md": figures(results, alarms), ROOT / "docs" / "mutations.md": tables(results)}
    return {path: with_block(path.read_text("utf-8"), block) for path, block in blocks.items()}


def main() -> int:
    """Write the pages; exit status 0."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
