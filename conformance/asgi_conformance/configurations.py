"""Servers that some cases need configured otherwise than the rest, as data: each by the names of its own settings.

A server that a configuration does not name has no setting for it; the case is skipped then, with that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.version import Version

# Bytes that a message may have where it is limited; far below every server's default.
LIMIT = 1024
# Seconds between pings, and until an unanswered one ends the connection. Daphne counts whole seconds.
PING = 0.4
# Seconds until an idle HTTP connection is ended: fewer than four pings take.
IDLE = 1
# Where an application is mounted.
ROOT = "/mounted"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration of a server.

    ``root``: where it mounts the application. ``stops``: the server is told to shut down once all cases have come so
    far. ``paced``: the server counts seconds of its own, which a short deadline does not hurry. ``since``: the release
    of a server that brought its setting.
    """

    name: str
    lacks: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limit: int = 0
    root: str = ""
    stops: bool = False
    paced: bool = False
    mount: str = ""
    since: Mapping[str, str] = field(default_factory=dict)

    def missing(self, server: str, version: str = "") -> str:
        """Why a server of some version cannot be configured so, '' where it can."""
        if server == "testclient":
            return "TestClient is no server: nothing of it can be configured or shut down"
        if not self.stops and server not in self.settings:
            return f"{server} has no setting for {self.lacks}"
        since = self.since.get(server)
        if since is None or not version or Version(version) >= Version(since):
            return ""
        return f"{server} has a setting for {self.lacks} since {since}"

    def of(self, server: str) -> Mapping[str, Any]:
        """The settings of a server, by its own names."""
        return self.settings.get(server, {})


CONFIGURATIONS: Mapping[str, Configuration] = {
    configuration.name: configuration
    for configuration in (
        Configuration(
            "short-pings",
            "pings",
            {
                "uvicorn": {"ws_ping_interval": PING, "ws_ping_timeout": PING, "timeout_keep_alive": IDLE},
                "hypercorn": {"websocket_ping_interval": PING, "keep_alive_timeout": IDLE},
                "daphne": {"ping_interval": 1, "ping_timeout": 1},
            },
            paced=True,
        ),
        Configuration(
            "small-messages",
            "the size of a message",
            {
                "uvicorn": {"ws_max_size": LIMIT},
                "hypercorn": {"websocket_max_message_size": LIMIT},
                "daphne": {"websocket_max_message_size": LIMIT},
            },
            limit=LIMIT,
            since={"daphne": "4.2.2"},
        ),
        Configuration(
            "mounted",
            "the place of an application",
            {
                "uvicorn": {"root_path": ROOT},
                "hypercorn": {"root_path": ROOT},
                "daphne": {"root_path": ROOT},
                "granian": {"url_path_prefix": ROOT},
            },
            root=ROOT,
        ),
        Configuration("stopped", "an end", stops=True),
    )
}
