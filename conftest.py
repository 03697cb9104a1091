"""Loads the suite's plugin from the checkout where it is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("asgi_conformance") is None:
    sys.path.insert(0, str(Path(__file__).parent / "conformance"))
    pytest_plugins = ["asgi_conformance.plugin"]
