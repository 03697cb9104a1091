"""What the soak calls growth, and a verdict that changes; ``tox -e soak`` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import soak as module

    yield module
    for name in ("soak", "run", "measures", "serving", "amount"):
        sys.modules.pop(name, None)


def sample(runs: int, rss: float = 1000, descriptors: int = 20, tasks: int = 3) -> dict[str, Any]:
    one = {"rss": rss, "descriptors": descriptors, "tasks": tasks}
    return {"runs": runs, "pid": 1, "suite": dict(one), "target": dict(one)}


def came_to(case: str, *verdicts: str, unstable: bool = False, **more: Any) -> dict[str, Any]:
    function = case.partition("[")[0]
    told = {"case": case, "function": function, "own_server": False, "seconds": 0.01, "times": 1}
    return {**told, "verdicts": list(verdicts), "unstable": unstable, **more}


def test_what_stays_is_no_growth(soak: Any) -> None:
    growth, wrong = soak.grown(sample(50_000), sample(200_000, rss=2000, descriptors=21))
    assert growth["suite"] == pytest.approx(1000 * 1024 / 150_000)
    assert wrong == []


@pytest.mark.parametrize(
    ("more", "said"),
    [({"rss": 20_000}, "memory"), ({"descriptors": 30}, "descriptors"), ({"tasks": 9}, "tasks")],
)
def test_what_grows_is_named_for_each_process(soak: Any, more: dict[str, int], said: str) -> None:
    _, wrong = soak.grown(sample(50_000), sample(200_000, **more))
    assert [line.partition(":")[0] for line in wrong] == [f"{said} of the suite", f"{said} of the target"]


def test_a_share_is_the_median_of_the_samples_about_there(soak: Any) -> None:
    samples = [sample(runs, rss=runs) for runs in range(0, 1001, 10)]
    assert soak.at(samples, 0.25)["suite"]["rss"] == 250
    assert soak.at(samples, 1.0)["runs"] == 1000


def test_tasks_of_runs_that_go_on_are_no_growth_and_those_that_are_left_are(soak: Any) -> None:
    going_on = [sample(runs, tasks=3 if runs % 3 else 27) for runs in range(0, 1001, 10)]
    left = [sample(runs, tasks=3 + runs // 50) for runs in range(0, 1001, 10)]
    wrong = [soak.grown(soak.at(samples, 0.25), soak.at(samples, 1.0))[1] for samples in (going_on, left)]
    assert wrong == [[], ["tasks of the suite: 7, then 22", "tasks of the target: 7, then 22"]]


def test_a_verdict_that_changes_is_named(soak: Any) -> None:
    once = [came_to("a", "pass"), came_to("b", "known"), came_to("c", "note")]
    after = [came_to("a", "fail", "pass"), came_to("b", "known"), came_to("c", "note", unstable=True)]
    assert soak.changed(once, after) == ["a: fail, pass, first pass", "c: note, first note"]
    assert soak.changed(once, once) == []


def test_some_rows_of_every_function_are_run_and_none_that_waits(soak: Any) -> None:
    results = [came_to(f"a[{row}]", "pass", seconds=row / 100) for row in range(20)]
    results += [came_to("b", "pass"), came_to("slow", "pass", seconds=9.0), came_to("skipped", "skip")]
    results += [came_to("apart", "pass", own_server=True)]
    cases = soak.several(results)
    assert cases[:2] == ["a[19]", "b"]
    assert len(cases) == soak.ROWS + 1 == len(set(cases))


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_short_soak_of_a_right_target_finds_nothing(tmp_path: Path) -> None:
    environment = {"SOAK_OUT": str(tmp_path / "out"), "SOAK_LOG": str(tmp_path / "log"), "PYTHONPATH": str(BENCHMARKS)}
    words = ["-q", "-p", "no:cacheprovider", "--rootdir=.", "-p", "soak_watch", "--target=soak_app:app"]
    command = [sys.executable, "-m", "pytest", *words, "--case=close.both*", "--repeat=3"]
    done = subprocess.run(command, cwd=BENCHMARKS, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    lines = (tmp_path / "out").read_text("utf-8")
    assert '"tasks"' in lines
    assert '"times": 3' in lines
