"""Right but unusual targets stay green: a sample of the cases on each; ``tox -e unusual`` runs them all."""

from __future__ import annotations

import pytest

from asgi_conformance import cases
from asgi_conformance.dialects import DIALECTS
from mutations import alarms, publish

# Of every section one case, the first that a row of a telling kind has.
SAMPLE = list({case.section: case for case in reversed(cases.load()) if case.section not in DIALECTS}.values())
WAYS = ("route.close-4001", "route.binary", "route.fin")


@pytest.mark.parametrize("name", alarms.NAMES)
def test_a_right_target_raises_no_alarm(name: str) -> None:
    quiet = alarms.listened(name, SAMPLE, WAYS)
    assert quiet.alarms == ()
    assert quiet.passed > len(SAMPLE) / 2


def test_the_stored_results_are_those_of_every_target() -> None:
    stored = publish.stored("alarms")
    assert [target["target"] for target in stored["targets"]] == list(alarms.NAMES)
    assert stored["alarms"] == sum(len(target["alarms"]) for target in stored["targets"]) == 0
