"""The pytest plugin: its options, and what `--target` sets going. Without it nothing more is imported or done.

PYTEST_DONT_REWRITE: there are no assertions here, and rewriting would cost every run of every project start-up time.
"""

from __future__ import annotations

import shlex
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

GROUP = "conformance"

# Values are checked by us and not by argparse, which answers a wrong one with a page of usage.
OPTIONS: dict[str, dict[str, Any]] = {
    "--target": {"metavar": "MODULE:ATTR", "help": "the ASGI application to test, written as for uvicorn"},
    "--app-dir": {
        "metavar": "DIR",
        "default": "",
        "help": "look for the target's module here first (default: this folder)",
    },
    "--factory": {"action": "store_true", "help": "the target is a function that returns the application"},
    "--python": {"metavar": "INTERPRETER", "default": "", "help": "run target and server with this interpreter"},
    "--server": {
        "metavar": "NAME[:WS]",
        "action": "append",
        "default": [],
        "help": "the server and its WebSocket implementation (default: uvicorn, and what it picks itself)",
    },
    "--tls": {"action": "store_true", "help": "serve TLS, with a certificate that is made for the run"},
    "--unix": {"action": "store_true", "help": "serve on a Unix socket"},
    "--url": {"metavar": "URL", "help": "instead of a target: judge an endpoint that already runs, at its wire"},
    "--case": {
        "metavar": "ID",
        "action": "append",
        "default": [],
        "help": "run only these cases: an id, or a pattern with * and ?; repeatable",
    },
    "--route": {
        "metavar": "PATH",
        "action": "append",
        "default": [],
        "help": "run only cases of these WebSocket routes of the target; repeatable",
    },
    "--baseline": {"metavar": "FILE", "help": "the findings that you accept for now, each with its reason"},
    "--update-baseline": {
        "action": "store_true",
        "help": "write what fails in this run into the baseline, and take out what is stale",
    },
    "--report": {
        "metavar": "FILE",
        "action": "append",
        "default": [],
        "help": "write a report, its suffix picks the format: .html .json .md .svg; repeatable",
    },
    "--exhaustive": {
        "action": "store_true",
        "help": "also close with each of the 65,536 close codes, from either side",
    },
    "--fuzz": {"metavar": "N[:SEED]", "help": "also run N random scripts, and shrink one that fails"},
    "--repeat": {"metavar": "N", "default": "1", "help": "run every case N times; the worst verdict counts"},
    "--conformance-strict": {
        "nargs": "?",
        "const": "warn",
        "metavar": "warn|known",
        "help": "warnings fail too; =known: known deviations fail too",
    },
    "--conformance-profile": {
        "metavar": "PROFILE",
        "help": "app (default), framework, server or all: whose cases run",
    },
    "--conformance-deadline": {"metavar": "S", "help": "how long a wait may take, in seconds (default 5)"},
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite (docs: Options)."""
    group = parser.getgroup(GROUP, "ASGI WebSocket conformance (asgi-conformance)")
    for name, how in OPTIONS.items():
        group.addoption(name, dest=_destination(name), **how)


def _destination(option: str) -> str:
    """Where pytest keeps an option: under a name that no other plugin uses."""
    return "asgi_conformance_" + option.lstrip("-").replace("-", "_")


def pytest_configure(config: pytest.Config) -> None:
    """Read what the user asked for; take the suite's node ids out of the arguments."""
    if config.getoption("--target") is None and config.getoption(_destination("--url")) is None:
        return
    sys.meta_path.insert(0, AsWritten)
    config.add_cleanup(lambda: sys.meta_path.remove(AsWritten))
    if sys.platform == "win32":
        raise pytest.UsageError("asgi-conformance runs on Linux and macOS (it hands sockets to a child process)")
    from .campaign import MARKS, Campaign
    from .options import read
    from .selection import from_node_ids
    from .session import CAMPAIGN, Hooks
    from .settings import SettingsError, load

    folder = config.invocation_params.dir
    given = {name.lstrip("-").replace("-", "_"): getattr(config.option, _destination(name)) for name in OPTIONS}
    try:
        options = read(given, folder, load(folder, config.rootpath))
    except SettingsError as exc:
        raise pytest.UsageError(str(exc)) from None
    # Paths that pytest itself put there (testpaths, or this folder) are not the user's wish.
    own, paths = from_node_ids(config.args) if config.args_source is pytest.Config.ArgsSource.ARGS else ([], [])
    config.args[:] = paths
    arguments = [str(arg) for arg in config.invocation_params.args]
    if options.url is not None:
        if _part(config) in ("worker", "controller"):
            raise pytest.UsageError("--url: its connections are made one after the other; leave -n out")
        arguments = [options.url.masked(arg) for arg in arguments]
    campaign = Campaign(options, own, _part(config), shlex.join(["pytest", *arguments]))
    for name, text in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
    config.stash[CAMPAIGN] = campaign
    config.pluginmanager.register(Hooks(config, campaign), "asgi_conformance.hooks")


class AsWritten:
    """Finds the suite's own modules before pytest does, which would rewrite each of them for its assertions."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """The module as it is written, where it is the suite's."""
        return PathFinder.find_spec(name, path) if name.startswith("asgi_conformance.") else None


def _part(config: pytest.Config) -> str:
    if config.option.collectonly or getattr(config.option, "help", False):
        return "listing"
    if hasattr(config, "workerinput"):
        return "worker"
    return "controller" if getattr(config.option, "dist", "no") != "no" else "alone"
