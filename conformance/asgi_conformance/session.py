"""The pytest hooks of a session with a target: when it is launched, run and stopped, and what pytest is told of it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .garbage import Sparing
from .items import CAMPAIGN, HOOKS, ROOT, Collector, Item, Unjudged

if TYPE_CHECKING:
    from collections.abc import Generator

    from .campaign import Campaign
    from .model import Result

__all__ = ["CAMPAIGN", "Hooks"]


class Hooks:
    """The hooks of a session with a target."""

    def __init__(self, config: pytest.Config, campaign: Campaign) -> None:
        self.config = config
        self.campaign = campaign
        if campaign.runs and campaign.options.fuzz and getattr(config, "cache", None) is not None:
            campaign.extended.cache = config.cache.mkdir("asgi-conformance-fuzz")
        self.items: list[Item] = []
        self.direct = False
        self._phases: tuple[str, ...] = ()
        self._places: dict[str, int] = {}
        self._pending: dict[str, Result] = {}
        self._lost: dict[str, str] = {}
        # Servers of which some cases wait for long: the more of them wait side by side, the sooner all are done.
        self._waiting: set[str] = set()
        self._progress: Any = None
        self._sparing = Sparing()
        # Cleanups run last in, first out: this one behind the searches for garbage of pytest itself.
        config.add_cleanup(self._sparing.release)
        config.stash[HOOKS] = self

    def pytest_report_header(self) -> str:
        """What is tested."""
        options = self.campaign.options
        under = ", ".join(name if ws == "auto" else f"{name} ({ws})" for name, ws in options.servers)
        listing = (
            "; its own routes are not listed, they are known only once it runs"
            if self.campaign.part == "listing"
            else ""
        )
        if options.url is not None:
            return f"conformance: {options.target} as it is deployed"
        return f"conformance: {options.target} under {under}, profile {options.profile}{listing}"

    def pytest_sessionstart(self) -> None:
        """Launch the target, so that it starts up while pytest collects."""
        from .harness.process import StartError

        try:
            self.campaign.launch()
        except StartError as exc:
            self.campaign.start_error = exc
            if self.campaign.part == "alone":
                self._no_start(exc)
        except KeyboardInterrupt:
            # pytest finishes no session that has not begun.
            self.campaign.interrupted = INTERRUPTED
            self.campaign.finish()
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, Any, Any]:
        """Thousands of cases and items are made, and none of them is garbage."""
        with self._sparing.made():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """The suite comes after whatever the user's own paths bring."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            report.result.append(Collector.from_parent(collector, name=ROOT, nodeid=ROOT))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self) -> None:
        """What went wrong while the cases were collected ends the session here, as one line."""
        if self.campaign.start_error is not None:
            self._no_start(self.campaign.start_error)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """The server must be ready before the first case."""
        from .harness.process import StartError

        self.items = [item for item in session.items if isinstance(item, Item)]
        self._places = {item.nodeid: place for place, item in enumerate(self.items)}
        self.campaign.expect([(item.case, item.server) for item in self.items])
        if not self.items or not self.campaign.runs:
            return
        if len(self.items) == len(session.items):
            self._sparing.begin()
        try:
            self.campaign.ready()
        except StartError as exc:
            self._no_start(exc)
        self.direct = not _watched(self.config)
        self._phases = ("call",) if self.campaign.part == "alone" and not _phases_count(self.config) else PHASES
        if self.campaign.part == "alone":
            from .report.progress import progress

            last = self._phases[-1] if self.direct else PHASES[-1]
            self._progress = progress(self.config.pluginmanager.get_plugin("terminalreporter"), len(self.items), last)

    def result(self, item: Item) -> tuple[Result, str]:
        """The result of an item, run together with those that come after it, and pytest's outcome."""
        from .extended import is_extended
        from .foresight import unanswered
        from .harness.process import StartError

        key = item.nodeid
        if key not in self._pending:
            if item.server in self._lost:
                raise Unjudged(self._lost[item.server])
            # A worker of xdist owns only the items that it is given one by one.
            start, size = self._places[key], 1
            if self.campaign.part == "alone":
                size = BATCH if self.campaign.results else FIRST
                if item.server in self._waiting or any(unanswered(i.case) for i in self.items[start : start + size]):
                    size = LARGE
                size = max(1, size // self.campaign.options.repeat)
            near = [one for one in self.items[start : start + size] if one.server == item.server]
            # What is many exchanges runs by itself, or those before it would be reported only after it.
            near = [item] if is_extended(item.case) else [one for one in near if not is_extended(one.case)]
            batch = [one for one in near if one.nodeid not in self._pending]
            began = time.monotonic()
            try:
                results = self.campaign.run([one.case for one in batch], item.server)
            except StartError as exc:
                self._lost[item.server] = f"the target's process ended and did not start again: {exc.message}"
                raise Unjudged(self._lost[item.server]) from None
            if time.monotonic() - began > LONG:
                self._waiting.add(item.server)
            self._pending.update(zip((one.nodeid for one in batch), results, strict=True))
        result = self._pending.pop(key)
        if self.campaign.part == "alone":
            self.campaign.results[result.node_id] = result
        from .results import properties

        item.user_properties = list(properties(result))
        return result, self.campaign.outcome(result)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Report a case that did not fail without pytest's machinery for tests, of which it needs nothing.

        The last item goes the ordinary way, which tears down what the user's own tests have set up.
        """
        if not self.direct or not isinstance(item, Item) or not isinstance(nextitem, Item):
            return None
        outcome = item.prepare()
        if outcome not in ("passed", "xfailed") or item.result is None:
            return None
        hook, nodeid, location = self.config.hook, item.nodeid, item.location
        hook.pytest_runtest_logstart(nodeid=nodeid, location=location)
        keywords = dict.fromkeys(item.keywords, 1)
        for when in self._phases:
            hook.pytest_runtest_logreport(report=self._report(item, when, dict(keywords)))
        hook.pytest_runtest_logfinish(nodeid=nodeid, location=location)
        return True

    def _report(self, item: Item, when: Any, keywords: dict[str, Any]) -> pytest.TestReport:
        assert item.result is not None
        known = when == "call" and item.outcome == "xfailed"
        seconds = item.result.duration_us / 1_000_000 if when == "call" else 0.0
        report = pytest.TestReport(
            item.nodeid,
            item.location,
            keywords,
            "skipped" if known else "passed",
            None,
            when,
            duration=seconds,
            user_properties=item.user_properties,
        )
        if known:
            report.wasxfail = item.reason
        return self._with_result(item, report)

    def _with_result(self, item: Item, report: pytest.TestReport) -> pytest.TestReport:
        """Send the result along with the last report, where it is to be handed up to an xdist controller."""
        if self.campaign.part == "worker" and report.when == "teardown" and item.result is not None:
            from .results import packed

            report.asgi_conformance = packed(item.result)  # type: ignore[attr-defined]
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
        """Give the report the time that the case took, and the result."""
        report = yield
        if isinstance(item, Item) and item.result is not None:
            if report.when == "call":
                report.duration = item.result.duration_us / 1_000_000
            self._with_result(item, report)
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Gather what workers hand up."""
        found = getattr(report, "asgi_conformance", None)
        if found is not None and self.campaign.part == "controller":
            self.campaign.gather(found)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """On a terminal one line that moves stands for a dot a case."""
        if self._progress is None or not report.nodeid.startswith(f"{ROOT}::"):
            return None
        return self._progress.status(report)  # type: ignore[no-any-return]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """A worker of xdist has ended: take what it says beside the results."""
        output = getattr(node, "workeroutput", None) or {}
        if "asgi_conformance" not in output:
            return
        found = self.campaign.take_conditions(output["asgi_conformance"])
        if found["error"]:
            from .harness.process import StartError

            self._no_start(StartError(**found["error"]))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C: the report says so."""
        if isinstance(excinfo.value, KeyboardInterrupt):
            self.campaign.interrupted = INTERRUPTED

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Stop the target and write the reports, whatever happened."""
        try:
            self._finish(session)
        finally:
            self._sparing.end()

    def _finish(self, session: pytest.Session) -> None:
        if self._progress is not None:
            self._progress.close()
        if session.shouldfail and not self.campaign.interrupted:
            self.campaign.interrupted = f"The run ended early ({session.shouldfail})"
        self.campaign.finish()
        if self.campaign.cut_short:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        if self.campaign.part == "worker":
            from .results import packed

            self.config.workeroutput["asgi_conformance"] = packed(self.campaign.conditions())  # type: ignore[attr-defined]
        elif self.campaign.results and session.exitstatus == pytest.ExitCode.OK and self.campaign.exit_status():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The summary for a person."""
        if self.campaign.document is not None:
            from .report.console import summarize

            writer = terminalreporter._tw
            verbosity = self.config.get_verbosity()
            reports = [_shown(path, self.campaign.options.folder) for path in self.campaign.written]
            summarize(self.campaign.document, writer, reports, verbosity)
            for line in self.campaign.unwritten:
                terminalreporter.line(line, red=True)

    # Ends before the first case

    def _no_start(self, exc: Any) -> None:
        """End the session with one line, and before it what the target itself printed."""
        self.campaign.start_error = exc
        message = self.campaign.clean(exc.message)
        line = message if exc.phase in ("selection", "endpoint") else f"cannot start the target: {message}"
        if self.campaign.part == "worker":
            # The controller says it: what a worker prints is not seen.
            pytest.exit(line, returncode=pytest.ExitCode.USAGE_ERROR)
        self.campaign.finish()
        if exc.shown:
            self._say(self.campaign.clean(exc.shown.rstrip()))
        raise pytest.UsageError(line)

    def _say(self, text: str) -> None:
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        if capture is None:
            print(text, file=sys.stderr, flush=True)
            return
        with capture.global_and_fixture_disabled():
            print(text, file=sys.stderr, flush=True)


# Cases in one batch, and in the first; in one that will wait for long, as its cases tell, or those before it by having
# taken LONG seconds: all that comes next is run while it waits.
BATCH, FIRST, LARGE, LONG = 200, 8, 3000, 3.0
PHASES = ("setup", "call", "teardown")
INTERRUPTED = "The run was interrupted"
# Whose hooks for an item are about pytest itself, or about test functions only.
_HARMLESS = ("_pytest.", "xdist.", "_hypothesis_pytestplugin", "anyio.", "asgi_conformance.")


def _watched(config: pytest.Config) -> bool:
    """Whether some other plugin looks at how an item is set up, called and torn down."""
    option = config.option
    if any(getattr(option, name, False) for name in ("setuponly", "setupshow", "setupplan", "usepdb", "trace")):
        return True
    for name in ("protocol", "setup", "call", "teardown", "makereport"):
        for hook in getattr(config.hook, f"pytest_runtest_{name}").get_hookimpls():
            around = name == "protocol" and (hook.wrapper or hook.hookwrapper)
            if not around and not hook.function.__module__.startswith(_HARMLESS):
                return True
    return False


def _phases_count(config: pytest.Config) -> bool:
    """Whether somebody reads what is reported of an item's setup and teardown, of which there is nothing to tell."""
    option = config.option
    if getattr(option, "durations", None) is not None or getattr(option, "xmlpath", None):
        return True
    hooks = config.hook.pytest_runtest_logreport.get_hookimpls()
    return not all(hook.function.__module__.startswith(_HARMLESS) for hook in hooks)


def _shown(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder) if path.is_relative_to(folder) else str(path)
