"""What every server here can do, and what they share."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict

from ..loader import LoadError

# Seconds that connections have to end once the server has been told to stop.
GRACE = 1
# Called on the server's loop once it accepts connections, with name, version, ws, http and loop.
Ready = Callable[[Dict[str, str]], None]


class Server:
    """One server. Making it imports and sets it up, as its own command does before it imports a target.

    Raises `LoadError` where it is not installed or cannot run as asked. ``tls`` of the configuration names the files
    ``certificate`` and ``key`` where there is TLS.
    """

    def __init__(self, config: Dict[str, Any]) -> None:
        raise NotImplementedError

    def run(self, app: Any, listener: int, ready: Ready) -> None:
        """Serve ``app`` on the inherited socket until `stop`; `LoadError` where the target's start-up fails."""
        raise NotImplementedError

    def stop(self) -> None:
        """Begin to shut down; called on the server's loop. Connections that do not end are not waited for long."""
        raise NotImplementedError


def not_installed(name: str, packages: str) -> LoadError:
    """The server is missing in the target's environment."""
    message = "{} is not installed for {}; install it there: pip install {}"
    return LoadError("server", message.format(name, sys.executable, packages))


def cannot_run(name: str, exc: BaseException) -> LoadError:
    """The server is there, and does not take what was asked of it, or lacks a package for it."""
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        return not_installed("{}, which {} needs for this,".format(exc.name, name), exc.name.partition(".")[0])
    return LoadError("server", "{} cannot run as asked ({}: {})".format(name, type(exc).__name__, exc))


def version_of(package: str) -> str:
    """The installed version of a package, '' where it does not say."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def loop_name(loop: Any) -> str:
    """What an event loop is made by: ``asyncio``, ``uvloop``, …"""
    return type(loop).__module__.split(".")[0]
