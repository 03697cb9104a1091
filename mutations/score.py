"""The score: how many mutants were killed, survived, or were laid on the wrong layer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from .attempt import Outcome
from .grammar import mutants

VERDICTS = ("killed", "survived", "wrong layer")


def counts(results: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many mutants came to each verdict, with the ``total``."""
    found = Counter(str(result["verdict"]) for result in results)
    return {"total": sum(found.values()), **{verdict: found[verdict] for verdict in VERDICTS}}


def percent(part: int, total: int) -> float:
    """A share in percent, to one decimal, and never rounded up."""
    return int(1000 * part / total) / 10 if total else 0.0


def score(results: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """In percent: ``found`` by some case, on whatever layer, and those of them that are ``misplaced``."""
    found = counts(results)
    seen = found["killed"] + found["wrong layer"]
    return {"found": percent(seen, found["total"]), "misplaced": percent(found["wrong layer"], found["total"])}


def document(outcomes: Sequence[Outcome], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """The results as they are stored: earlier ones of mutants that there still are stay.

    ``cases`` are the case functions that there were when all mutants were tried.
    """
    from asgi_conformance import cases
    from asgi_conformance.cases.routes import WAYS

    kept = {result["mutant"]: result for result in earlier.get("mutants", ())}
    kept |= {outcome.mutant: outcome.document() for outcome in outcomes}
    results = [kept[mutant.id] for mutant in mutants() if mutant.id in kept]
    found = counts(results)
    ids = [*dict.fromkeys(case.id for case in cases.load()), *WAYS]
    known = earlier.get("cases", ids) if len(outcomes) < len(mutants()) else ids
    return {"score": {**found, **score(results)}, "cases": known, "mutants": results}


def written(results: Mapping[str, Any]) -> str:
    """The results as text, with a line for each mutant."""
    head = {key: value for key, value in results.items() if key != "mutants"}
    lines = ",\n".join(json.dumps(result) for result in results["mutants"])
    return f'{json.dumps(head)[:-1]},\n"mutants": [\n{lines}\n]}}\n'


def table(outcomes: Sequence[Outcome]) -> Table:
    """The score by layer and section, for a terminal."""
    out = Table("layer", "section", *VERDICTS, "total", "score")
    groups = dict.fromkeys((outcome.layer, outcome.section) for outcome in outcomes)
    rows = [(*group, [o.document() for o in outcomes if (o.layer, o.section) == group]) for group in groups]
    for layer, section, results in (*rows, ("all", "", [o.document() for o in outcomes])):
        found = counts(results)
        values = (str(found[name]) for name in (*VERDICTS, "total"))
        out.add_row(layer, section, *values, f"{score(results)['found']} %")
    return out


def survivors(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """One line for each mutant that was not killed, or not where it should be."""
    for outcome in outcomes:
        if outcome.verdict != "killed":
            seen = "; ".join(f"{case}: {', '.join(layers)}" for case, layers in list(outcome.by.items())[:4])
            errors = "; ".join(outcome.errors[:2])
            yield f"{outcome.verdict}: {outcome.mutant}  {seen}  {errors}".rstrip()
