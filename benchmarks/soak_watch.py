"""A pytest plugin (``-p soak_watch``) that writes down what both processes have open while a session runs.

``SOAK_OUT`` names the file of samples, a JSON value in each line, and last what each case came to; ``SOAK_LOG`` the one
that the target writes (soak_app.py); ``SOAK_CASES`` the cases that are run, in their order. It reads ``/proc``.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance.items import CAMPAIGN, Item

SECONDS = 1.0
KB = os.sysconf("SC_PAGE_SIZE") // 1024


def opened(pid: int) -> dict[str, int]:
    """Memory in KB and open descriptors of a process."""
    pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    return {"rss": int(pages) * KB, "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


class Watch:
    """Samples between two cases, when the suite's own loop stands still."""

    def __init__(self, config: pytest.Config) -> None:
        self.campaign = config.stash[CAMPAIGN]
        self.repeat = self.campaign.options.repeat
        self.out = open(os.environ["SOAK_OUT"], "w", encoding="utf-8")
        self.log = Path(os.environ["SOAK_LOG"])
        self.runs = 0
        self.last = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Only the cases that are named, in the order in which they are."""
        wanted = os.environ.get("SOAK_CASES")
        if wanted:
            order = {id: place for place, id in enumerate(json.loads(Path(wanted).read_text("utf-8")))}
            mine = [item for item in items if isinstance(item, Item) and item.case.full_id in order]
            items[:] = sorted(mine, key=lambda item: order[item.case.full_id])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One case is over."""
        if report.when == "teardown":
            self.runs += self.repeat
            if time.monotonic() - self.last >= SECONDS:
                self.sample()

    def sample(self) -> None:
        """What is open now."""
        told = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()[-3:]] if self.log.exists() else []
        if not told:
            return
        loops = [run._loop for run in self.campaign.lineup.runs.values()]
        own = {**opened(os.getpid()), "tasks": sum(len(asyncio.all_tasks(loop)) for loop in loops)}
        target = {**opened(told[-1]["pid"]), "tasks": told[-1]["tasks"]}
        self.write({"runs": self.runs, "pid": told[-1]["pid"], "suite": own, "target": target})
        self.last = time.monotonic()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """What each case came to, by each of its runs."""
        self.sample()
        for result in self.campaign.results.values():
            verdicts = sorted({str(attempt.verdict) for attempt in result.attempts} | {str(result.verdict)})
            seconds = max((attempt.duration_us for attempt in result.attempts), default=0) / 1_000_000
            done = {"case": result.case.full_id, "function": result.case.id, "own_server": bool(result.case.server)}
            times = sum(attempt.times for attempt in result.attempts)
            self.write({**done, "verdicts": verdicts, "unstable": result.unstable, "times": times, "seconds": seconds})
        self.out.close()

    def write(self, value: dict[str, Any]) -> None:
        """One line."""
        print(json.dumps(value), file=self.out, flush=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Watch from here on."""
    if CAMPAIGN in session.config.stash:
        session.config.pluginmanager.register(Watch(session.config), "soak")
