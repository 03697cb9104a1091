"""The servers that a target can run under, each behind the interface of `Server` and chosen by its name."""

from __future__ import annotations

import importlib
from typing import Any, Dict

from ..loader import LoadError
from .interface import Server

# Module and class of each; imported when it is asked for, so that no server needs another one's package.
SERVERS = {
    "uvicorn": "Uvicorn",
    "hypercorn": "Hypercorn",
    "daphne": "Daphne",
    "granian": "Granian",
    "testclient": "TestClient",
}


def server_of(config: Dict[str, Any]) -> Server:
    """The server of a configuration, set up; call it before the target is imported. Raises `LoadError`."""
    name = config["server"]
    if name not in SERVERS:
        raise LoadError("server", 'there is no server "{}"'.format(name))
    module = importlib.import_module("." + name, __name__)
    made: Server = getattr(module, SERVERS[name])(config)
    return made
