"""One session's work: which cases run against the target, in which order, and what becomes of the results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .choice import Choice
from .extended import Extended, is_extended
from .garbage import unsearched
from .lineup import Lineup
from .model import Case, Requirement, Result, Verdict
from .options import Options
from .results import relative, repeated, unpacked

if TYPE_CHECKING:
    from .baseline import Account

MARKS = {
    "server": "conformance cases that decide a requirement which binds the server",
    "middleware": "conformance cases that decide a requirement which binds middleware",
    "framework": "conformance cases that decide a requirement which binds the framework",
    "application": "conformance cases that decide a requirement which binds the application",
    "suite": "conformance cases about the suite itself",
    "must": "conformance cases that decide a MUST",
    "should": "conformance cases that decide a SHOULD",
    "may": "conformance cases that decide a MAY",
    "silent": "conformance cases about what no document says",
    "probe": "conformance cases that run on the suite's own endpoint",
    "route": "conformance cases that run on the target's own routes",
    "surface": "conformance cases about documented names and values",
    "url": "conformance cases about the wire of a deployed endpoint",
}


class Campaign:
    """The suite's side of one pytest session.

    ``part`` is ``alone``, ``worker`` or ``controller`` (of pytest-xdist), or ``listing``, where nothing is run:
    only ``alone`` and ``worker`` start a target, only ``alone`` and ``controller`` write reports.
    """

    def __init__(self, options: Options, node_ids: Sequence[str] = (), part: str = "alone", command: str = "") -> None:
        self.options = options
        self.node_ids = tuple(node_ids)
        self.part = part
        self.command = command
        self.results: dict[str, Result] = {}
        self.selected = 0
        self.start_error: Any = None
        self.interrupted = ""
        self.cut_short = False
        self.document: dict[str, Any] | None = None
        self.written: list[Path] = []
        self.unwritten: list[str] = []
        self.output = ""
        self.lineup = Lineup(options)
        self.choice = Choice(options, self.node_ids, self.lineup, self.ready)
        self.extended = Extended(options)
        self.updated = ""
        self._ready = False
        self._marks: dict[tuple[Any, ...], tuple[str, ...]] = {}
        self._begun = time.monotonic()
        self._began = datetime.now(UTC)
        self._finished = False
        self._conditions: dict[str, Any] = {}

    # What is to run

    @property
    def runs(self) -> bool:
        """Whether this process starts a target."""
        return self.part in ("alone", "worker")

    def launch(self) -> None:
        """Start the target, so that it starts up while pytest collects. Raises `StartError`."""
        if self.runs:
            self.lineup.launch()

    def cases(self) -> list[tuple[Case, str]]:
        """The cases that the user asked for, each with its server: server by server, the target's own routes first.

        Waits for the server where there are routes to ask for. Raises `StartError`, and `SettingsError` for what
        matches nothing.
        """
        self.choice.gather()
        account = self._account()
        if account is not None and not self.options.update_baseline:
            account.check()
        return self.choice.chosen()

    def marks_of(self, case: Case) -> tuple[str, ...]:
        """The markers of a case, for ``-m``: its section, its kind, and the layers and levels of what it decides."""
        key = (case.section, case.kind, case.requires)
        found = self._marks.get(key)
        if found is None:
            from . import requirements

            cited = [requirements.get(id) for id in case.requires]
            names = [case.section, case.kind, *(str(r.binds) for r in cited), *(r.level.lower() for r in cited)]
            found = self._marks[key] = tuple(dict.fromkeys(name.replace("-", "_") for name in names))
        return found

    # Running

    def ready(self) -> None:
        """Wait for the server. Raises `StartError`."""
        if not self._ready:
            for run in self.lineup.runs.values():
                run.ready()
            self._ready = True

    def expect(self, cases: Sequence[tuple[Case, str]]) -> None:
        """These cases are to be run in this session, each under its server, by whichever process."""
        self.selected = len(cases)
        for name, run in self.lineup.runs.items():
            run.visits.expect([case for case, server in cases if server == name])

    def run(self, cases: Sequence[Case], server: str) -> list[Result]:
        """Run some cases under one server, each as often as ``--repeat`` says, and judge them."""
        if any(map(is_extended, cases)):
            found = [self.extended.run(case, self.lineup.runs[server], self.failing) for case in cases]
            return [relative(result, f"{self.options.folder}/") for result in found]
        run = self.lineup.runs[server]
        # Traces are most of what a run remembers, and only reports show them.
        perform = run.results if self.options.reports or self.options.url is not None else run.summaries
        results = repeated(perform, cases, self.options.repeat)
        return [relative(result, f"{self.options.folder}/") for result in results]

    def outcome(self, result: Result) -> str:
        """pytest's outcome for a verdict: passed, failed, skipped, xfailed or error."""
        verdict = result.verdict
        if verdict is Verdict.ERROR:
            return "error"
        if verdict is Verdict.SKIP:
            return "skipped"
        if verdict in self.failing:
            # What fails is going to be written down as accepted.
            taken = self.options.update_baseline and verdict is not Verdict.KNOWN
            return "xfailed" if taken else "failed"
        return "xfailed" if verdict is Verdict.KNOWN else "passed"

    @property
    def failing(self) -> tuple[Verdict, ...]:
        """The verdicts that fail the run."""
        strict = {"warn": (Verdict.WARN,), "known": (Verdict.WARN, Verdict.KNOWN)}
        return (Verdict.FAIL, *strict.get(self.options.strict, ()))

    def failure(self, result: Result) -> str:
        """What the user reads of a failure."""
        from .report.console import failure

        return self.clean(failure(result, self.lineup.shown(result.server)))

    def clean(self, text: str) -> str:
        """A text for a person without what the user configured as a credential."""
        from .report.redact import redact

        return str(redact(text, self.options.secrets))

    # Results, and what a worker of pytest-xdist hands up

    def gather(self, packed: str) -> None:
        """Take a result that a worker handed up."""
        result: Result = unpacked(packed)
        self.results[result.node_id] = result

    def conditions(self) -> dict[str, Any]:
        """What the report says beside the results: the server as found, and what kept cases from being judged."""
        lineup = self.lineup
        if not lineup.runs and self._conditions:
            return self._conditions
        error = self.start_error
        facts = lineup.first("facts", {})
        return {
            "servers": lineup.servers(),
            "facts": {key: facts[key] for key in ("python", "platform") if key in facts},
            "framework": lineup.first("framework", {}),
            "refused": lineup.refusals(),
            "routes": list(lineup.first("routes", ())),
            "middleware": list(lineup.first("middleware", ())),
            "error": {"phase": error.phase, "message": error.message, "shown": error.shown} if error else None,
            "selected": self.selected,
            "route_cases": self.choice.visited,
        }

    def take_conditions(self, packed: str) -> dict[str, Any]:
        """Take a worker's conditions; those of the first one stand, a start error of any."""
        found: dict[str, Any] = unpacked(packed)
        if not self._conditions or found["error"]:
            self._conditions = found
        self.selected = max(self.selected, found["selected"])
        return found

    # The end

    def finish(self) -> None:
        """Stop the target, build the report and write it; safe to call twice."""
        if self._finished:
            return
        self._finished = True
        self.lineup.begin_stop()
        try:
            if self.part in ("alone", "controller"):
                try:
                    self._report()
                except KeyboardInterrupt:
                    # What the run has found is written all the same; a second Ctrl-C gives that up.
                    self.cut_short = True
                    self._report()
        finally:
            try:
                self.output = self.lineup.stop()
            except KeyboardInterrupt:
                self.cut_short = True
                self.output = self.lineup.stop(at_once=True)

    def _report(self) -> None:
        from .report.document import build
        from .report.files import write

        # A report is a million small objects and no garbage: looking for some takes longer than writing it.
        with unsearched():
            self._update_baseline()
            self.document, self.written = build(**self._contents()), []
            for path in self.options.reports:
                try:
                    write(self.document, path)
                except OSError as exc:
                    self.unwritten.append(f"cannot write the report {path}: {exc.strerror or exc}")
                else:
                    self.written.append(path)

    def _contents(self) -> dict[str, Any]:
        from . import __version__, close_codes, coverage

        seen = self.conditions()
        framework, error = seen["framework"] or {}, seen["error"]
        results, account = list(self.results.values()), self._account()
        # Of the codes there are, the cases of closing tell; all others need not be written for that.
        coded = self.choice.known(["close.*"])
        walked = any(result.case.tags.get("transitions") for result in results)
        return {
            "suite": {"name": "asgi-conformance", "version": __version__},
            "target": {
                "name": self.options.target,
                "framework": {key: framework[key] for key in ("name", "version") if key in framework},
            },
            "servers": seen["servers"],
            "environment": seen["facts"],
            "results": results,
            "coverage": coverage.coverage(coded, results),
            "duration_s": time.monotonic() - self._begun,
            "error": {key: error[key] for key in ("phase", "message")} if error else None,
            "partial_reasons": self.partial_reasons(),
            "deviations": [*coverage.named_deviations(results), *(account.described() if account else ())],
            "baseline": account.told(self.updated) if account else None,
            "routes": seen["routes"],
            "requirements": self._requirements(),
            "states": coverage.states() if walked else None,
            "close_codes": close_codes.names(),
            "middleware": seen["middleware"],
            "failing": self.failing,
            "secrets": self.options.secrets,
            "command": self.command,
            "started": self._began.isoformat(timespec="seconds"),
        }

    def _requirements(self) -> dict[str, Requirement]:
        from . import requirements

        known = requirements.load()
        cited = known if self.options.url is None else {id for case in self.choice.shipped() for id in case.requires}
        return {id: known[id] for id in cited}

    # The user's baseline

    def _account(self) -> Account | None:
        """What the run says of the baseline, None where there is none."""
        if self.options.baseline is None:
            return None
        from .baseline import Account, Seen

        told, settings = self.conditions(), self.options.settings
        known = [case.full_id for case in self.choice.known()]
        results, framework, every = list(self.results.values()), told["framework"] or {}, settings.routes == "all"
        return Account(
            self.options.baseline, Seen(known, results, told["servers"], framework, told["route_cases"], every)
        )

    def _update_baseline(self) -> None:
        account = self._account()
        if account is None or not self.options.update_baseline or self.start_error or self.conditions()["error"]:
            return
        if self.interrupted or self.cut_short or len(self.results) < self.selected:
            self.unwritten.append("the baseline was not updated: the run ended early")
            return
        from .baseline import apply, update
        from .report.files import save

        verdicts = [verdict for verdict in self.failing if verdict is not Verdict.KNOWN]
        made = update(account.baseline, account.seen, verdicts, self.clean)
        try:
            save(made.baseline.text, made.baseline.path.resolve())
        except OSError as exc:
            self.unwritten.append(f"cannot write the baseline {made.baseline.shown}: {exc.strerror or exc}")
            return
        self.options, self.updated = replace(self.options, baseline=made.baseline), str(made)
        self.results = apply(self.results, account.seen, made.baseline.standing, verdicts)

    def partial_reasons(self) -> list[str]:
        """Why the run says less than was asked of it, [] where it does not."""
        seen = self.conditions()
        reasons = [seen["refused"]] if seen["refused"] else []
        if seen["error"]:
            return reasons
        done = len(self.results)
        if self.interrupted or done < self.selected:
            why = self.interrupted or "The run ended early"
            reasons.append(f"{why}: {done} of {self.selected or 'the'} selected cases were run.")
        return reasons

    def exit_status(self) -> int:
        """1 where the run fails though no item failed (partial, or a report that could not be written), else 0."""
        told = self.document["baseline"] if self.document else {}
        return 1 if self.unwritten or self.partial_reasons() or told.get("stale") or told.get("expired") else 0
