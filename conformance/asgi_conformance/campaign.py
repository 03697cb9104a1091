"""One session's work: which cases run against which servers, in which order, and what becomes of the results."""

from __future__ import annotations

import base64
import pickle
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import __version__, requirements
from . import cases as catalogue
from .model import Case, Result, Verdict
from .run import BATCH, Plan, Run
from .selection import from_node_ids, matching
from .settings import Settings, SettingsError, load


class Campaign:
    """The suite's side of a pytest session."""

    def __init__(self, plan: Plan, cases: list[Case], reports: list[Path], strict: str, dormant: bool) -> None:
        self.plan = plan
        self.cases = cases
        self.reports = reports
        self.strict = strict
        self.dormant = dormant
        self.items: list[Any] = []
        self.start_error: Any = None
        self.results: dict[str, Result] = {}
        self._run: Run | None = None
        self._started = time.monotonic()
        self._pending: dict[str, Result] = {}
        self._finished = False
        self.output = ""

    @classmethod
    def of(cls, config: Any) -> Campaign:
        """What the command line and the settings ask for. Raises `SettingsError`."""
        option = config.getoption
        settings = load(Path(config.rootpath))
        deadline = option("--conformance-deadline")
        if deadline is not None:
            if deadline <= 0:
                raise SettingsError("--conformance-deadline must be more than 0 seconds")
            settings = _with(settings, deadline=deadline)
        target = option("--target")
        if ":" not in target or not all(target.partition(":")[::2]):
            raise SettingsError(f'--target must be written "module:attribute", not "{target}"')
        server, ws = _server(option("--server"))
        app_dir = str(Path(config.invocation_params.dir, option("--app-dir")))
        plan = Plan(target, app_dir, option("--factory"), option("--python"), server, ws, settings)
        own, rest = from_node_ids(config.args)
        if config.args_source is not type(config.args_source).ARGS:
            own, rest = [], []
        config.args[:] = rest
        everything = list(catalogue.load())
        chosen = matching(everything, [*option("--case"), *own])
        cases = chosen if (option("--case") or own) else everything
        reports = [Path(config.invocation_params.dir, name) for name in option("--report")]
        _check_reports(reports)
        dormant = bool(option("collectonly") or option("help", False))
        return cls(plan, cases, reports, option("--conformance-strict") or settings.strict, dormant)

    def marks_of(self, case: Case) -> list[str]:
        """The markers of a case, for ``-m``: its section, and the layers and levels of what it decides."""
        cited = [requirements.get(id) for id in case.requires]
        names = [case.section, case.kind, *(r.binds for r in cited), *(r.level.lower() for r in cited)]
        return list(dict.fromkeys(str(name).replace("-", "_") for name in names))

    def markers(self) -> list[tuple[str, str]]:
        """All markers that cases may have, with what each means."""
        names = {name for case in {c.id: c for c in self.cases}.values() for name in self.marks_of(case)}
        return [(name, "conformance cases by section, layer, level or kind") for name in sorted(names)]

    def launch(self) -> None:
        """Start the target. Raises `StartError`."""
        if not self.dormant:
            self._run = Run(self.plan)

    def ready(self) -> None:
        """Wait for the server. Raises `StartError`."""
        assert self._run is not None
        self._run.ready()

    def result(self, item: Any) -> Result:
        """The result of an item, run together with those that come after it."""
        key = item.nodeid
        if key not in self._pending:
            assert self._run is not None
            start = self.items.index(item)
            batch = [i for i in self.items[start : start + BATCH] if i.nodeid not in self._pending]
            for one, result in zip(batch, self._run.results([i.case for i in batch]), strict=True):
                self._pending[one.nodeid] = result
        return self._pending.pop(key)

    def outcome(self, result: Result) -> str:
        """pytest's outcome for a verdict: passed, failed, skipped, xfailed or error."""
        verdict = result.verdict
        if verdict is Verdict.ERROR:
            return "error"
        if verdict is Verdict.SKIP:
            return "skipped"
        if verdict is Verdict.KNOWN:
            return "failed" if self.strict == "known" else "xfailed"
        if verdict is Verdict.FAIL or (verdict is Verdict.WARN and self.strict):
            return "failed"
        return "passed"

    def known(self, result: Result) -> str:
        """The known deviations of a result, by name."""
        return ", ".join(dict.fromkeys(f.deviation for f in result.findings if f.deviation))

    def failure(self, result: Result) -> str:
        """What the user reads of a failure."""
        assert self._run is not None
        return failure_text(result, self._server_text())

    def _server_text(self) -> str:
        server = self._run.server if self._run is not None else None
        return f"{server.name} {server.version} ({server.ws})" if server is not None else self.plan.server_id

    def packed(self, result: Result) -> str:
        """A result as text that a report can carry between processes of one pytest run."""
        return base64.b64encode(zlib.compress(pickle.dumps(result), 1)).decode("ascii")

    def gather(self, packed: str) -> None:
        """Take a result from a report."""
        result: Result = pickle.loads(zlib.decompress(base64.b64decode(packed)))
        self.results[result.node_id] = result

    def finish(self) -> None:
        """Stop the target and write the reports."""
        if self._finished:
            return
        self._finished = True
        if self._run is not None:
            self.output = self._run.stop()
        if self.dormant or not self.reports:
            return
        from .report.document import write

        document = self.document()
        for path in self.reports:
            write(document, path)

    def document(self) -> dict[str, Any]:
        """The report of this session."""
        from .report.document import build

        run = self._run
        facts = run.facts if run is not None else {}
        framework = run.framework if run is not None else {}
        error = self.start_error
        return build(
            suite={"name": "asgi-conformance", "version": __version__},
            target={"name": self.plan.target, "framework": {k: framework[k] for k in ("name", "version") if k in framework}},
            servers=[run.server] if run is not None and run.server is not None else [],
            environment={"python": facts.get("python", ""), "platform": facts.get("platform", "")},
            results=list(self.results.values()),
            coverage={},
            duration_s=time.monotonic() - self._started,
            error={"phase": error.phase, "message": error.message} if error is not None else None,
            partial_reasons=[run.refused] if run is not None and run.refused else [],
            requirements=requirements.load(),
            secrets=self.plan.settings.secrets,
        )

    def exit_status(self) -> int:
        """1 where the run is partial though no item failed, else 0."""
        return 1 if self._run is not None and self._run.refused else 0

    def summarize(self, terminal: Any) -> None:
        """The summary for a person."""
        for path in self.reports:
            terminal.line(f"conformance report: {path}")


def failure_text(result: Result, server: str) -> str:
    """A failed case in the form that DESIGN fixes: requirement, expected, observed, fault, reproduce."""
    lines = [f"{result.verdict.upper()}  {result.case.full_id}      server: {server}", f"  {result.case.title}"]
    for finding in result.findings:
        if finding.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.KNOWN):
            requirement = requirements.load().get(finding.requirement)
            source = f" · {finding.level} · {requirement.source}" if requirement is not None else ""
            lines += [
                f"  requirement  {finding.requirement}{source}",
                f"  expected     {finding.expected}",
                f"  observed     {finding.observed}",
                f"  fault        {finding.layer}" + (f": {finding.component}" if finding.component else ""),
            ]
            lines += [f"  mend         {finding.fix}"] if finding.fix else []
    if result.unstable:
        lines.append("  unstable     two runs gave different answers")
    return "\n".join([*lines, f"  reproduce    {result.reproduce}"])


def _with(settings: Settings, **changes: Any) -> Settings:
    from dataclasses import replace

    return replace(settings, **changes)


def _server(given: Iterable[str]) -> tuple[str, str]:
    name, _, ws = (list(given) or ["uvicorn"])[0].partition(":")
    known = ("websockets-sansio", "websockets", "wsproto")
    if name != "uvicorn":
        raise SettingsError(f'--server: unknown server "{name}" (known: uvicorn)')
    if ws and ws not in known:
        raise SettingsError(f'--server: unknown WebSocket implementation "{ws}" (known: {", ".join(known)})')
    return name, ws or "auto"


def _check_reports(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.suffix not in (".html", ".json", ".md", ".svg"):
            raise SettingsError(f"--report={path.name}: unknown format (use .html, .json, .md or .svg)")
