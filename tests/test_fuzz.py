"""Random scripts: what is written of the moves, and a fault that a search finds, shrinks, prints and finds again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fuzz_targets import FAULTS
from hypothesis import given, settings

from asgi_conformance import user_cases
from asgi_conformance.dialects import STARLETTE
from asgi_conformance.extended import AGAIN, DOUBTED, Extended, extended_cases
from asgi_conformance.fuzz import moves
from asgi_conformance.fuzz.paste import pasted
from asgi_conformance.fuzz.scripts import ACTS, Move, write
from asgi_conformance.fuzz.search import Terms, search
from asgi_conformance.harness.program import compile_case
from asgi_conformance.model import Attempt, Case, Observation, Result, ServerInfo, Trace, Verdict
from asgi_conformance.options import Options, read
from asgi_conformance.run import Plan, Run
from asgi_conformance.script import App, CaseFunction, Client
from asgi_conformance.settings import Settings, SettingsError, parse
from asgi_conformance.states_transitions import TRANSITIONS

pytest_plugins = ["pytester"]

GIVEN = {"target": "a:b", "app_dir": "", "server": [], "case": [], "route": [], "report": [], "repeat": "1"}
HERE = Path(__file__).parent


@given(moves.scripts)
@settings(max_examples=200, deadline=None, database=None)
def test_each_script_compiles_and_takes_only_transitions_of_the_table(drawn: tuple[Move, ...]) -> None:
    script = write(drawn, ("asgi.close.code",), denial=True)
    compile_case(script.case)
    assert set(script.transitions) <= set(TRANSITIONS)
    assert (script.case.steps[0].op, script.case.steps[-1].op) == ("open", "return")
    assert len(script.taken) <= len(drawn)


def test_a_move_that_cannot_be_done_is_left_out() -> None:
    script = write([Move("client pings"), Move("accept"), Move("client closes")], (), denial=True)
    assert [move.name for move in script.taken] == ["accept", "client closes"]


def test_both_at_once_is_open_in_its_order() -> None:
    script = write([Move("accept"), Move(ACTS[4])], (), denial=True)
    assert len({step.group for step in script.case.steps if step.group is not None}) == 1


def test_the_printed_script_is_a_case_of_the_users_own(tmp_path: Path) -> None:
    every = [Move("accept"), *(Move(name, 1, value) for name in ACTS[:3] for value in (4, 5, 9)), Move(ACTS[4])]
    script = write(every, ("asgi.close.code",), denial=True)
    text = pasted(script.case, (), 7).replace("requires=[]", 'requires=["asgi.close.code"]')
    file = tmp_path / "found.py"
    file.write_text(text, "ascii")
    (case,) = user_cases.load([str(file)])
    assert [(s.lane, s.op) for s in case.steps] == [(s.lane, s.op) for s in script.case.steps]
    wanted = [s.args for s in script.case.steps if s.lane == "client" and s.op != "send"]
    assert [s.args for s in case.steps if s.lane == "client" and s.op != "send"] == wanted


def judged(case: Case) -> Result:
    """A target that fails from the second text on."""
    texts = sum(step.op == "receive_text" for step in case.steps)
    return Result(case, "", "", Verdict.FAIL if texts > 1 else Verdict.PASS, None, ())


def test_what_fails_is_shrunk_and_comes_first_the_next_time(tmp_path: Path) -> None:
    terms = Terms(400, 3, ("asgi.close.code",), True, folder=tmp_path)
    first = search(terms, judged)
    assert first.shortest is not None
    assert [move.name for move in first.shortest.taken] == ["receive_text", "receive_text"]
    ran: list[Case] = []

    def watched(case: Case) -> Result:
        ran.append(case)
        return judged(case)

    search(terms, watched)
    assert ran[0].steps == first.shortest.case.steps
    assert len(ran) < first.scripts


def test_the_same_seed_gives_the_same_scripts() -> None:
    runs = []
    for _ in range(2):
        ran: list[str] = []

        def right(case: Case, ran: list[str] = ran) -> Result:
            ran.append(repr(case.steps))
            return Result(case, "", "", Verdict.PASS, None, ())

        search(Terms(60, 11, (), True), right)
        runs.append(ran)
    assert runs[0] == runs[1]


def test_what_the_run_raises_ends_the_search() -> None:
    def broken(case: Case) -> Result:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        search(Terms(50, 1, (), True), broken)


@pytest.mark.parametrize("given_", ["", "0", "x", "-1", "5:", "5:x", "1e3", "9" * 20])
def test_a_wrong_count_is_one_clear_line(given_: str) -> None:
    with pytest.raises(SettingsError, match="--fuzz must be written"):
        options(given_)


def options(fuzz: str) -> Options:
    missing = ("conformance_strict", "conformance_profile", "conformance_deadline", "baseline")
    flags = dict.fromkeys(("factory", "update_baseline", "exhaustive", "tls", "unix"), False) | {"url": None}
    rest = dict.fromkeys(missing) | flags | {"python": ""}
    return read({**GIVEN, **rest, "fuzz": fuzz}, HERE, Settings())


def test_the_count_may_have_a_seed() -> None:
    assert options("20:7").fuzz == (20, 7)
    found = options("20").fuzz
    assert found is not None
    assert found[0] == 20


def test_without_hypothesis_the_option_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asgi_conformance.options.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'asgi-conformance\[fuzz\]'"):
        options("20")


def test_there_are_ten_faults() -> None:
    assert len(FAULTS) == 10
    assert parse({}).strict == ""


def test_a_fault_is_found_and_printed_as_a_case(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", "second-send-twice")
    words = ["--target=fuzz_targets:app", f"--app-dir={HERE}", "--case=fuzz.scripts", "--fuzz=400:1", "--report=r.json"]
    ran = pytester.runpytest_subprocess(*words, timeout=120)
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["*FAIL  fuzz.scripts*", "*@case(*", "*app.calls(*", "*--fuzz=400:1*"])


class FewTimes:
    """A run in which a script with two texts fails, and its repetitions come to what is given."""

    def __init__(self, server: str, again: Verdict, told: str = "") -> None:
        self.plan = Plan("a:b", "", server=server, several=True)
        self.server = ServerInfo(server, server, "1", "")
        self.refused, self.product, self.again, self.told = "", STARLETTE, again, told
        self.repeated = 0

    def look(self, case: Case) -> Result:
        if self.again is Verdict.SKIP:
            operation = Observation(1, "app", "op", {"op": self.told})
            attempt = Attempt(Verdict.PASS, (), Trace((operation,)), 1)
            return Result(case, "", "", Verdict.PASS, None, (attempt,))
        found = judged(case)
        return replace(found, attempts=(Attempt(found.verdict, (), Trace(()), 1),))

    def results(self, cases: list[Case]) -> list[Result]:
        self.repeated += 1
        attempt = Attempt(self.again, (), Trace(()), 1)
        return [Result(cases[0], "", "", self.again, None, (attempt,))]


def extended(*runs: FewTimes) -> list[Result]:
    """What the item comes to under each of the servers of one session."""
    given = replace(Options("a:b", HERE, Settings(), ""), fuzz=(60, 3))
    (case,) = extended_cases(given)
    every = Extended(given)
    return [every.run(case, run, (Verdict.FAIL,)) for run in runs]  # type: ignore[arg-type]


def test_what_fails_again_fails() -> None:
    run = FewTimes("one", Verdict.FAIL)
    (result,) = extended(run)
    assert (result.verdict, result.unstable, run.repeated) == (Verdict.FAIL, False, 1)
    assert result.case.title.startswith("The shortest random script that fails: 2 steps")


def test_what_fails_once_and_never_again_is_shown_and_blames_nobody() -> None:
    run = FewTimes("one", Verdict.PASS)
    (result,) = extended(run)
    # Every script that fails is one of those here, and the search ends with the last that it looks for.
    assert (result.verdict, result.layer, result.unstable) == (Verdict.NOTE, None, True)
    assert run.repeated == AGAIN * DOUBTED
    assert "failed once" in result.case.title
    assert [attempt.verdict for attempt in result.attempts] == [Verdict.FAIL, Verdict.PASS]
    assert "@case(" in result.case.tags["script"]


def test_what_fails_again_but_not_always_fails_and_is_unstable() -> None:
    class Sometimes(FewTimes):
        def results(self, cases: list[Case]) -> list[Result]:
            self.again = Verdict.FAIL if self.repeated == 2 else Verdict.PASS
            return super().results(cases)

    (result,) = extended(Sometimes("one", Verdict.PASS))
    assert (result.verdict, result.unstable) == (Verdict.FAIL, True)


class OnceAndAlways(FewTimes):
    """The first script of two texts fails once; one that sends after a text always does, where ``real``."""

    def __init__(self, real: bool) -> None:
        super().__init__("one", Verdict.PASS)
        self.real, self.chance = real, ""
        self.looked: list[str] = []

    def look(self, case: Case) -> Result:
        self.looked.append(repr(case.steps))
        found = judged(case)
        if found.verdict is Verdict.FAIL and not self.chance:
            self.chance = repr(case.steps)
            return replace(found, attempts=(Attempt(Verdict.FAIL, (), Trace(()), 1),))
        return self.results([case])[0]

    def results(self, cases: list[Case]) -> list[Result]:
        ops = [step.op for step in cases[0].steps]
        wrong = self.real and "receive_text" in ops and "send_text" in ops[ops.index("receive_text") :]
        verdict = Verdict.FAIL if wrong else Verdict.PASS
        return [Result(cases[0], "", "", verdict, None, (Attempt(verdict, (), Trace(()), 1),))]


def test_a_script_that_failed_by_chance_does_not_end_the_search() -> None:
    run = OnceAndAlways(real=False)
    (result,) = extended(run)
    assert (result.verdict, result.unstable) == (Verdict.NOTE, True)
    right = OnceAndAlways(real=False)
    right.chance = "none"
    extended(right)
    assert {*right.looked} <= {*run.looked}
    assert f"None of {len(run.looked)} scripts failed again." in result.case.title


def test_what_is_wrong_is_found_behind_a_script_that_failed_by_chance() -> None:
    (result,) = extended(OnceAndAlways(real=True))
    assert (result.verdict, result.unstable) == (Verdict.FAIL, False)
    assert "2 steps" in result.case.title


def test_what_two_servers_tell_differently_is_a_note() -> None:
    results = extended(*(FewTimes(name, Verdict.SKIP, told) for name, told in (("one", "old"), ("two", "new"))))
    assert [result.verdict for result in results] == [Verdict.PASS, Verdict.NOTE]
    (finding,) = results[1].findings
    assert "one old returned; two new returned" in finding.observed
    same = extended(*(FewTimes(name, Verdict.SKIP, "same") for name in ("one", "two")))
    assert [result.verdict for result in same] == [Verdict.PASS] * 2


def test_a_server_may_refuse_a_code_that_was_registered_after_the_rfc() -> None:
    """wsproto refuses 1014 and accepts 1013: neither is blamed, whatever the script decides."""

    def script(client: Client, app: App, code: int) -> None:
        """The client closes, and the handler hears of it."""
        client.opens()
        app.accepts()
        client.closes(code)
        app.calls("iterate", raises=True, kind="text")
        app.returns()

    requires = ("rfc6455.close.echo", "rfc6455.close.echo-code", "rfc6455.close.handshake", "rfc6455.close.tcp-closed")
    rows = [(str(code), code) for code in (1013, 1014)]
    some = CaseFunction("fuzz.scripts", script, requires, rows, "probe", frozenset(), None).cases()
    run = Run(Plan("targets.bare_asgi:app", str(HERE.parent), ws="wsproto", settings=Settings(routes="none")))
    try:
        run.ready()
        found = {result.case.row: result for result in run.results(list(some))}
    finally:
        run.stop()
    assert [f.verdict for f in found["1013"].findings if f.requirement == "rfc6455.close.echo"] == [Verdict.PASS]
    assert not [f for f in found["1014"].findings if f.verdict in (Verdict.FAIL, Verdict.WARN)]
