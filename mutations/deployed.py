"""The server's mutants against ``--url``: who sees them with the client's lane alone? ``python -m mutations.deployed``.

Each mutant serves in a process of its own, as a deployed endpoint does, and the cases of ``--url`` look at its wire.
What the application is told does not show there, so only those that are about the wire are tried.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from asgi_conformance.deployed.address import parsed
from asgi_conformance.deployed.cases import load
from asgi_conformance.deployed.run import DeployedRun
from asgi_conformance.harness.process import StartError
from asgi_conformance.plan import Plan
from asgi_conformance.settings import Settings

from .attempt import BREACH, DEADLINE, STARTS
from .grammar import mutants
from .mutant import Mutant

ROOT = Path(__file__).parent.parent
KINDS = ("outgoing", "incoming", "failure", "ending", "response")
_SENT = "What an application sends, and how often, is its own affair."
_TOLD = "What the application is told does not show at the wire."
# Glob of mutant ids, the first that fits counts → why an endpoint is not blamed for it.
REASONS: Mapping[str, str] = {
    "server.sends.text.*": _SENT,
    "server.sends.binary.*": _SENT,
    "server.sends.pong.fragment": "It is never sent: the library closes with 1002 instead, as an application may.",
    "server.takes.text.*": _TOLD,
    "server.takes.binary.*": _TOLD,
    "server.takes.continuation.*": _TOLD,
    "server.takes.ping.event": _TOLD,
    "server.takes.pong.ends": "No case sends a Pong that nobody has asked for.",
    "server.takes.pong.*": _TOLD,
    "server.failing.silent-to-the-application": _TOLD,
    "server.failing.goes-on": _TOLD,
    "server.failing.wrong-code": "A Close frame with another code than 1002 and 1007 may be the application's.",
    "server.tcp.reset": "That TCP ends is judged, and not whether with FIN or RST: a proxy may stand between.",
    "server.tcp.not-told": _TOLD,
    "server.tcp.application-over": "The application has to end by itself, which an echo does not.",
    "server.response.strict": "No case sends a Cookie, an Origin or a header of its own unless the settings say so.",
}


def of_the_wire() -> list[Mutant]:
    """Those that are about frames, the ends of TCP and the handshake."""
    return [mutant for mutant in mutants() if mutant.layer == "server" and mutant.kind in KINDS]


def reason(mutant: str) -> str:
    """Why a mutant is not seen, '' where nobody knows."""
    return next((text for glob, text in REASONS.items() if fnmatchcase(mutant, glob)), "")


@contextmanager
def serving(mutant: Mutant | None) -> Iterator[str]:
    """The URL of the echo behind a mutant, of a right one for None, until the end of the block."""
    environment = {**os.environ, "MUTANT": json.dumps(mutant.orders if mutant else {})}
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        # Whoever connects early waits for an answer.
        sock.listen()
        port = sock.getsockname()[1]
        options = ["--fd", str(sock.fileno()), "--ws", "websockets-sansio", "--no-server-header"]
        command = [sys.executable, "-m", "uvicorn", "mutations.target:app", *options]
        # What a broken server logs of itself is no matter here.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[sock.fileno()], **quiet)
    try:
        yield f"ws://127.0.0.1:{port}/echo"
    finally:
        process.kill()
        process.wait()


def seen_by(mutant: Mutant | None) -> dict[str, list[str]]:
    """The cases that fail or warn, with the requirements that they name, or what else makes the run red."""
    with serving(mutant) as url:
        found = parsed(url)
        run = DeployedRun(Plan(found.shown, "", server="url", settings=Settings(deadline=DEADLINE)), found)
        try:
            _ready(run)
            results = run.results(load())
        except StartError as error:
            # The first handshake has to be accepted: else the run ends with one line and exit status 4.
            return {"no run": [str(error).replace(url, "the endpoint")]}
        finally:
            run.stop()
    breached = ((r.case.full_id, f.requirement) for r in results for f in r.findings if f.verdict in BREACH)
    by: dict[str, list[str]] = {}
    for case, requirement in breached:
        by.setdefault(case, []).append(requirement)
    gone = next((r.reason for r in results if r.reason.startswith("cannot connect")), "")
    return {**by, "an error": [gone]} if gone else by


def _ready(run: DeployedRun) -> None:
    """Its first handshake, in one of a few attempts: on a busy machine a server needs a while to start."""
    for _ in range(STARTS - 1):
        with suppress(StartError):
            return run.ready()
    return run.ready()


def without(by: Mapping[str, Sequence[str]], right: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What is the mutant's alone: a server that does not name itself is excused for nothing that it is known for."""
    rest = {case: [id for id in ids if id not in right.get(case, ())] for case, ids in by.items()}
    return {case: ids for case, ids in rest.items() if ids}


def main(arguments: Sequence[str] | None = None) -> int:
    """One line for each; exit status 1 where a mutant is not seen and nothing says why."""
    parser = argparse.ArgumentParser(prog="python -m mutations.deployed", description=__doc__)
    parser.add_argument("names", nargs="*", default=["*"], metavar="MUTANT", help="ids or globs; all if none is given")
    names = parser.parse_args(arguments).names
    some = [m for m in of_the_wire() if any(fnmatchcase(m.id, name) for name in names)]
    right, unseen, wrong = seen_by(None), 0, 0
    for case, requirements in right.items():
        print(f"without a fault: {case} ({', '.join(requirements)})")
    for mutant in some:
        by = without(seen_by(mutant), right)
        unseen += not by
        wrong += not by and not reason(mutant.id)
        told = "; ".join(f"{case} ({', '.join(ids)})" for case, ids in [*by.items()][:3])
        print(f"{mutant.id}: {f'{len(by)} cases: {told}' if by else 'not seen. ' + reason(mutant.id)}", flush=True)
    print(f"{len(some) - unseen} of {len(some)} mutants are seen")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
