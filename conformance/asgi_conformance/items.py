"""The cases as pytest items, and the collector that they come from."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .campaign import Campaign
    from .model import Case, Result
    from .session import Hooks

ROOT = "conformance"


class Collector(pytest.Collector):
    """The suite as a collector beside the user's own test files."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each case."""
        from .harness.process import StartError
        from .settings import SettingsError

        campaign = self.config.stash[CAMPAIGN]
        try:
            cases = campaign.cases()
        except StartError as exc:
            campaign.start_error = exc
        except SettingsError as exc:
            campaign.start_error = StartError("selection", str(exc))
        else:
            for case, server in cases:
                name = campaign.lineup.node_id(case, server)
                yield Item.from_parent(self, name=name, nodeid=f"{ROOT}::{name}", case=case, server=server)


class Item(pytest.Item):
    """One case under one server as a pytest item."""

    def __init__(self, *, case: Case, server: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.server = server
        self.result: Result | None = None
        self.outcome = ""
        self.broken: Exception | None = None
        # The same marks for all cases of a function: add_marker() would look each one up again.
        marks = _marks(self.config, case)
        self.own_markers.extend(marks.values())
        self.keywords.update(marks)

    def prepare(self) -> str:
        """Run the case, and those that come after it, where that has not been done; pytest's outcome."""
        if not self.outcome:
            try:
                self.result, self.outcome = self.config.stash[HOOKS].result(self)
            except Exception as exc:
                self.broken, self.outcome = exc, "error"
        return self.outcome

    def setup(self) -> None:
        """What the suite itself could not do is an error, not a failure."""
        self.prepare()
        if self.broken is not None:
            raise self.broken
        if self.outcome == "error":
            assert self.result is not None
            raise Unjudged(self._campaign.failure(self.result))

    def runtest(self) -> None:
        """Turn the verdict into pytest's outcome."""
        assert self.result is not None
        if self.outcome == "skipped":
            raise pytest.skip.Exception(self._campaign.clean(self.result.reason), _use_item_location=True)
        # Raised, not marked: xfail_strict of the user's settings must not turn it red.
        if self.outcome == "xfailed" and not self.config.option.runxfail:
            raise pytest.xfail.Exception(self.reason)
        if self.outcome in ("failed", "xfailed"):
            raise Breach(self._campaign.failure(self.result))

    @property
    def reason(self) -> str:
        """The known deviations of the result, by name."""
        from .results import deviations_of

        return (deviations_of(self.result) if self.result is not None else "") or "for the baseline"

    @property
    def _campaign(self) -> Campaign:
        return self.config.stash[CAMPAIGN]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A breach is its own text; anything else is a fault of the suite and keeps its traceback."""
        if isinstance(excinfo.value, (Breach, Unjudged)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Where the case stands, for headlines; not its node id's end, in which pytest would replace the dots."""
        return ROOT, 0, f"case {self.name}"

    @cached_property
    def location(self) -> tuple[str, int | None, str]:
        """As pytest finds it from `reportinfo`, whose file is the same for all cases: it is looked for once."""
        known = self.config.stash.get(PLACE, None)
        if known is None:
            known = self.config.stash[PLACE] = super().location[0]
        return (known, *self.reportinfo()[1:])


class Breach(Exception):
    """A requirement was breached; the text is what the user reads."""


class Unjudged(Exception):
    """No statement about conformance could be made."""


CAMPAIGN: pytest.StashKey[Campaign] = pytest.StashKey()
HOOKS: pytest.StashKey[Hooks] = pytest.StashKey()
PLACE: pytest.StashKey[str] = pytest.StashKey()
MARKS_OF: pytest.StashKey[dict[tuple[str, ...], dict[str, pytest.Mark]]] = pytest.StashKey()


def _marks(config: pytest.Config, case: Case) -> dict[str, pytest.Mark]:
    names = config.stash[CAMPAIGN].marks_of(case)
    known = config.stash.setdefault(MARKS_OF, {})
    if names not in known:
        listed = {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
        for name in names:
            if name not in listed:
                config.addinivalue_line("markers", f"{name}: conformance cases of the section {name}")
        known[names] = {name: getattr(pytest.mark, name).mark for name in names}
    return known[names]
