"""What two reverse proxies change at the wire: the cases of ``--url`` against an endpoint, directly and behind each.

    python proxies/trial.py

It needs nginx and haproxy (Debian: ``apt-get install nginx haproxy``), fastapi and uvicorn. All of it runs
unprivileged, on loopback, from a folder that is removed afterwards.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATIENCE = 10.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    """A process that listens on a port, until the end of the block."""
    process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                break
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{command[0]} does not listen: {' '.join(command)}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def configured(name: str, folder: Path, **values: Any) -> str:
    """A configuration with its ports, in the folder of the trial."""
    path = folder / name
    path.write_text((HERE / name).read_text("utf-8").format(folder=folder, **values), "utf-8")
    return str(path)


def tried(port: int, report: Path) -> tuple[int, dict[str, Any]]:
    """The exit status of one run, and its report."""
    url = f"--url=ws://127.0.0.1:{port}/echo"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", url, f"--report={report}"]
    ran = subprocess.run(command, cwd=report.parent, stdout=subprocess.DEVNULL, check=False)
    return ran.returncode, json.loads(report.read_text("utf-8"))


def main() -> int:
    """Print a line for each way to the endpoint, and each case whose verdict is not the same on all of them."""
    nginx, haproxy = (shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin") for name in ("nginx", "haproxy"))
    if nginx is None or haproxy is None:
        raise SystemExit("the trial needs nginx and haproxy: apt-get install nginx haproxy")
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        ports = {way: free_port() for way in ("direct", "nginx", "haproxy")}
        backend = ports["direct"]
        serving = [sys.executable, "-m", "uvicorn", "echo:app", "--port", str(backend), "--log-level", "warning"]
        stack.enter_context(running(serving, backend))
        config = configured("nginx.conf", folder, backend=backend, port=ports["nginx"])
        stack.enter_context(running([nginx, "-p", name, "-e", f"{name}/early", "-c", config], ports["nginx"]))
        config = configured("haproxy.cfg", folder, backend=backend, port=ports["haproxy"])
        stack.enter_context(running([haproxy, "-db", "-f", config], ports["haproxy"]))
        for way, port in ports.items():
            status, report = tried(port, folder / f"{way}.json")
            summary = report["summary"]
            counts = ", ".join(f"{n} {k}" for k, n in summary.items() if k in COUNTED and n)
            print(f"{way:8} exit {status}  {summary['total']} cases: {counts}  {summary['duration_s']:.1f} s")
            found[way] = {case["id"]: _said(case) for case in report["cases"]}
    for case in found["direct"]:
        said = {way: cases.get(case, "") for way, cases in found.items()}
        if len(set(said.values())) > 1 or not said["direct"].startswith("pass"):
            print(f"\n{case}", *(f"  {way:8} {text}" for way, text in said.items()), sep="\n")
    return 0


COUNTED = ("passed", "noted", "warned", "failed", "skipped", "errors")


def _said(case: dict[str, Any]) -> str:
    bad = [f"{f['requirement']}: {f['observed']}" for f in case["findings"] if f["verdict"] not in ("pass",)]
    return "; ".join([case["verdict"], *bad, *filter(None, [case["reason"]])])


if __name__ == "__main__":
    sys.exit(main())
