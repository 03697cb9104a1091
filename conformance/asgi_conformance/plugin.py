"""The pytest plugin: hooks, and nothing else. Without ``--target`` it does nothing.

PYTEST_DONT_REWRITE: there are no assertions here, and rewriting would cost every run of every project start-up time.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .campaign import Campaign
    from .model import Case, Result

ROOT = "conformance"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite (docs: Options)."""
    group = parser.getgroup(ROOT, "ASGI WebSocket conformance (asgi-conformance)")
    add = group.addoption
    add("--target", metavar="MODULE:ATTR", help="the ASGI application to test, as uvicorn takes it")
    add("--app-dir", metavar="DIR", default="", help="look for the target's module here first (default: this folder)")
    add("--factory", action="store_true", help="the target is a function that returns the application")
    add("--python", metavar="INTERPRETER", default="", help="run target and server with this interpreter")
    add("--server", metavar="NAME[:WS]", action="append", default=[], help="server and WebSocket implementation")
    add("--case", metavar="ID", action="append", default=[], help="only these cases: an exact id or a glob; repeatable")
    add("--route", metavar="PATH", action="append", default=[], help="only these routes of the target; repeatable")
    add("--report", metavar="FILE", action="append", default=[], help="write a report: .html .json .md .svg; repeatable")
    add("--repeat", metavar="N", type=int, default=1, dest="conformance_repeat", help="run every case N times")
    add(
        "--conformance-strict",
        nargs="?",
        const="warn",
        default=None,
        choices=("warn", "known"),
        help="warnings fail too; =known: known deviations fail too",
    )
    add("--conformance-profile", metavar="PROFILE", default=None, help="app, framework, server or all")
    add("--conformance-deadline", metavar="S", type=float, default=None, help="seconds that a wait may take (default 5)")


def pytest_configure(config: pytest.Config) -> None:
    """Read what the user asked for; take the suite's node ids out of the arguments."""
    if not config.getoption("--target"):
        return
    from .campaign import Campaign
    from .settings import SettingsError

    try:
        campaign = Campaign.of(config)
    except SettingsError as exc:
        raise pytest.UsageError(str(exc)) from None
    for name, text in campaign.markers():
        config.addinivalue_line("markers", f"{name}: {text}")
    config.pluginmanager.register(Hooks(config, campaign), "asgi_conformance.hooks")


class Collector(pytest.Collector):
    """The suite as a collector beside the user's own test files."""

    def collect(self) -> Iterator[pytest.Item]:
        campaign: Campaign = self.config.stash[CAMPAIGN]
        for case in campaign.cases:
            yield Item.from_parent(self, name=case.full_id, nodeid=f"{ROOT}::{case.full_id}", case=case)


class Item(pytest.Item):
    """One case as a pytest item."""

    def __init__(self, *, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.result: Result | None = None
        for name in self.config.stash[CAMPAIGN].marks_of(case):
            self.add_marker(name)

    def setup(self) -> None:
        """Fetch the result: what the suite itself could not do is an error, not a failure."""
        campaign: Campaign = self.config.stash[CAMPAIGN]
        self.result = campaign.result(self)
        outcome = campaign.outcome(self.result)
        if outcome == "error":
            raise Unjudged(self.result.reason)

    def runtest(self) -> None:
        """Turn the verdict into pytest's outcome."""
        assert self.result is not None
        campaign: Campaign = self.config.stash[CAMPAIGN]
        outcome = campaign.outcome(self.result)
        if outcome == "skipped":
            pytest.skip(self.result.reason)
        if outcome == "xfailed":
            pytest.xfail(campaign.known(self.result))
        if outcome == "failed":
            raise Breach(campaign.failure(self.result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A breach is its own text; anything else is a fault of the suite and keeps its traceback."""
        if isinstance(excinfo.value, (Breach, Unjudged)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Where the case stands, for reports: its id."""
        return ROOT, None, self.name


class Breach(Exception):
    """A requirement was breached; the text is what the user reads."""


class Unjudged(Exception):
    """No statement about conformance could be made."""


CAMPAIGN: pytest.StashKey[Any] = pytest.StashKey()


class Hooks:
    """The hooks of a session with a target."""

    def __init__(self, config: pytest.Config, campaign: Campaign) -> None:
        self.config = config
        self.campaign = campaign
        config.stash[CAMPAIGN] = campaign

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Launch the target, so that it starts up while pytest collects."""
        from .harness.process import StartError

        try:
            self.campaign.launch()
        except StartError as exc:
            self._no_start(exc)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """The suite comes after whatever the user's own paths bring."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            report.result.append(Collector.from_parent(collector, name=ROOT, nodeid=ROOT))
        return report

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """The server must be ready before the first case."""
        from .harness.process import StartError

        self.campaign.items = [item for item in session.items if isinstance(item, Item)]
        if not self.campaign.items or self.campaign.dormant:
            return
        try:
            self.campaign.ready()
        except StartError as exc:
            self._no_start(exc)

    def _no_start(self, exc: Any) -> None:
        self.campaign.start_error = exc
        shown = f"{exc.shown.rstrip()}\n" if exc.shown else ""
        self.campaign.finish()
        pytest.exit(f"{shown}cannot start the target: {exc.message}", returncode=pytest.ExitCode.USAGE_ERROR)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
        """Send the result along with the report, so that an xdist worker hands it up."""
        report = yield
        if isinstance(item, Item) and item.result is not None and report.when == "call":
            report.duration = item.result.duration_us / 1_000_000
        if isinstance(item, Item) and item.result is not None and report.when == ("teardown"):
            report.asgi_conformance = self.campaign.packed(item.result)
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Gather the results, here and from workers."""
        packed = getattr(report, "asgi_conformance", None)
        if packed is not None:
            self.campaign.gather(packed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Stop the target and write the reports, whatever happened."""
        self.campaign.finish()
        code = self.campaign.exit_status()
        if code and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = code

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The summary for a person."""
        self.campaign.summarize(terminalreporter._tw)


def invocation_dir(config: pytest.Config) -> Path:
    """The folder in which pytest was called."""
    return config.invocation_params.dir


if sys.platform == "win32":  # pragma: no cover

    def pytest_cmdline_main(config: pytest.Config) -> int | None:  # noqa: D103
        """Sockets are handed to the child as POSIX has it."""
        if config.getoption("--target"):
            raise pytest.UsageError("asgi-conformance runs on Linux and macOS (it hands sockets to a child process)")
        return None
