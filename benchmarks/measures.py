"""What is measured, each measure once: whole processes, and how long until something is to be seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from serving import served

HERE = Path(__file__).parent
OPTIONS = ["-q", "-p", "no:cacheprovider"]
PYTEST = [sys.executable, "-m", "pytest", *OPTIONS]
EXCHANGES = ["--rootdir=.", "-p", "bench_cases", "--target=echo_app:app", "--case=bench.echo*"]
SUITE = [*PYTEST, *EXCHANGES]
TRIVIAL = [*PYTEST, "trivial_items.py"]
SWEEP = [*SUITE[:-1], "--case=exhaustive.client*", "--exhaustive"]
# As a user has it: some containers have Python compile everything at each start, and write every dot by itself.
NOT_USUAL = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in NOT_USUAL}
# Behind it what the caller has put there: a checkout that is not the installed one is measured then.
ENVIRONMENT.update(PYTHONPATH=os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH")))), CI="true")
# kosoku's core: without the sections of performance and compression.
CORE = [word for section in ("9.*", "12.*", "13.*") for word in ("-x", section)]
KOSOKU = os.environ.get("KOSOKU") or shutil.which("kosoku")


@dataclass(frozen=True)
class Used:
    """What the suite's process and the server's have used: seconds of CPU, and megabytes of memory at most."""

    seconds: float
    own_cpu: float
    own_memory: float
    server_cpu: float
    server_memory: float


def bare(*parts: str) -> float:
    """Seconds of the bare loop alone, without the start of anything; ``parts`` of uvicorn are its loop and its HTTP."""
    command = [sys.executable, "bare_client.py", *parts]
    return float(subprocess.run(command, cwd=HERE, env=ENVIRONMENT, check=True, capture_output=True).stdout)


def whole(command: list[str]) -> float:
    """Seconds of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, cwd=HERE, env=ENVIRONMENT, check=True, capture_output=True)
    return time.perf_counter() - started


def first_dot(command: list[str]) -> float:
    """Seconds from exec to the first dot on standard output."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=HERE, env=ENVIRONMENT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    while process.stdout.read(1) not in (b".", b""):
        pass
    seconds = time.perf_counter() - started
    process.terminate()
    process.communicate()
    return seconds


def used(count: int) -> Used:
    """What so many cases use in both processes."""
    command = [sys.executable, "measured_pytest.py", *OPTIONS, *EXCHANGES]
    environment = {**ENVIRONMENT, "BENCHMARK_CASES": str(count)}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=HERE, env=environment, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    found = [line.split()[1:] for line in done.stderr.splitlines() if line.startswith("used ")]
    (own_cpu, own_memory), (server_cpu, server_memory) = ((float(cpu), float(memory)) for cpu, memory in found)
    return Used(seconds, own_cpu, own_memory, server_cpu, server_memory)


def kosoku(parallelism: int) -> tuple[float, int]:
    """Seconds of a whole run of kosoku on its core cases, and how many it ran."""
    assert KOSOKU is not None
    with served() as port, tempfile.TemporaryDirectory() as folder:
        command = [KOSOKU, *CORE, "-p", str(parallelism), "-o", folder, f"127.0.0.1:{port}"]
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
        seconds = time.perf_counter() - started
        # One file for each case, beside the index.
        count = sum(1 for path in Path(folder).glob("*_case_*.json"))
    return seconds, count
